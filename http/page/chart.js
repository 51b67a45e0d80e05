// Spend per day and project as stacked bars, drawn here, with a table that says the same.

import { el } from "./dom.js";
import { dollars } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const [HEIGHT, LEFT, BOTTOM] = [200, 48, 20];
const COLOURS = 8; // in the style sheet; the projects beyond share the last

function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Return the last `count` days, by UTC, as the server writes them. */
export function lastDays(count, today = Date.now()) {
  return Array.from({ length: count }, (_, index) =>
    new Date(today - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10),
  );
}

/** Return `{days, projects, amount(day, project), total(day)}` of what the server says was spent. */
export function tally(spend, days) {
  const amounts = new Map(spend.map((one) => [`${one.day} ${one.project_id}`, Number(one.cost_usd)]));
  const projects = [...new Set(spend.map((one) => one.project_id))].sort();
  const amount = (day, project) => amounts.get(`${day} ${project}`) ?? 0;
  const total = (day) => projects.reduce((sum, project) => sum + amount(day, project), 0);
  return { days, projects, amount, total };
}

/** Return the picture, `width` units wide: what is drawn in its own size can be read on a phone too. */
export function drawn(tallied, width) {
  const { days, projects, total } = tallied;
  const most = roundUp(Math.max(...days.map(total), 0.01));
  const picture = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", class: "chart" });
  const sum = days.reduce((all, day) => all + total(day), 0);
  picture.setAttribute("aria-label", `${dollars(sum)} in ${days.length} days; the table below says it in numbers`);
  for (const part of [0, 0.5, 1]) picture.append(...line(part * most, most, width));
  days.forEach((day, index) => picture.append(...bars(tallied, day, index, most, width)));
  for (const index of [0, Math.floor(days.length / 2), days.length - 1]) {
    const x = LEFT + ((index + 0.5) * (width - LEFT)) / days.length;
    const anchor = index === days.length - 1 ? "end" : index ? "middle" : "start";
    picture.append(svg("text", { x, y: HEIGHT - 4, "text-anchor": anchor }, days[index].slice(5)));
  }
  const key = el("ul.key", {}, ...projects.map((project, index) => el(`li.bar${colour(index)}`, {}, project)));
  return el("figure", {}, picture, key);
}

const colour = (index) => Math.min(index, COLOURS - 1);

function bars({ days, projects, amount }, day, index, most, width) {
  const room = (width - LEFT) / days.length;
  let y = HEIGHT - BOTTOM;
  return projects.flatMap((project, which) => {
    const value = amount(day, project);
    if (!value) return [];
    const height = (value / most) * (HEIGHT - BOTTOM - 8);
    y -= height;
    const place = { x: LEFT + index * room + room * 0.15, y, width: room * 0.7, height };
    const words = svg("title", {}, `${day}, ${project}: ${dollars(value)}`);
    return [svg("rect", { ...place, class: `bar${colour(which)}` }, words)];
  });
}

function line(value, most, width) {
  const amount = most < 1 ? `$${value.toFixed(2)}` : `$${+value.toFixed(1)}`;
  const y = HEIGHT - BOTTOM - (value / most) * (HEIGHT - BOTTOM - 8);
  return [
    svg("line", { x1: LEFT, x2: width, y1: y, y2: y }),
    svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, amount),
  ];
}

/** Return the next of 1, 2, 5 times a power of ten. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((one) => one * power >= value * 0.9999);
}

/** Return the same in numbers: the days on which something was spent, the latest first. */
export function table({ days, projects, amount, total }) {
  const spent = days.filter((day) => total(day) > 0).reverse();
  const head = el("tr", {}, ...["Day", ...projects, "Together"].map((name) => el("th", { scope: "col" }, name)));
  const rows = spent.map((day) => {
    const cells = [...projects.map((project) => amount(day, project)), total(day)];
    const shown = cells.map((value) => el("td", {}, value ? dollars(value) : ""));
    return el("tr", {}, el("th", { scope: "row" }, day), ...shown);
  });
  return el("table", {}, el("caption", {}, "Spent per day, by UTC"), el("thead", {}, head), el("tbody", {}, ...rows));
}
