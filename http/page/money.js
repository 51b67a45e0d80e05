// Money: what was spent by day and project, and what the budgets have left.

import { drawn, lastDays, table, tally } from "./chart.js";
import { el } from "./dom.js";
import { store } from "./store.js";
import { dollars, moment } from "./words.js";

const DAYS = 30;
const NEAR = 0.8;
const NARROW = 600; // pixels
const [NARROW_CHART, CHART] = [360, 640];

/** Return what was spent today, by UTC. */
export function today() {
  const [day] = lastDays(1);
  return store.spend.filter((one) => one.day === day).reduce((sum, one) => sum + Number(one.cost_usd), 0);
}

/** Return how far each budget is spent, from 0 to 1 and beyond, the fullest first; those of sessions have none. */
export function standings() {
  return store.budgets
    .filter((budget) => budget.spent_usd !== null)
    .map((budget) => ({ budget, share: share(budget) }))
    .sort((a, b) => b.share - a.share);
}

function share({ spent_usd: spent, limit_usd: limit }) {
  return Number(limit) > 0 ? Number(spent) / Number(limit) : 1;
}

/** What a budget is called: `my-app, daily`. */
export function called(budget) {
  return `${budget.scope === "project" ? budget.project_id : budget.scope}, ${budget.period}`;
}

/** Whether so much of a budget is spent that somebody should know. */
export const isNear = (share) => share >= NEAR;

/** The view of all that, in `root`; drawn anew when the numbers change. */
export class Money {
  #drawn = "";

  constructor(root) {
    this.title = el("h2", { id: "money-title", tabindex: "-1" }, "Money");
    this.content = el("div");
    root.append(el("p", {}, el("a", { href: "#/" }, "← Sessions")), this.title, this.content);
  }

  render() {
    const days = lastDays(DAYS);
    const state = JSON.stringify([days, store.spend, store.budgets]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    const tallied = tally(store.spend, days);
    const spent = tallied.projects.length
      ? [drawn(tallied, this.content.clientWidth < NARROW ? NARROW_CHART : CHART), inNumbers(tallied)]
      : [el("p.empty", {}, `Nothing was spent in the last ${DAYS} days.`)];
    const open = this.content.querySelector("details")?.open;
    this.content.replaceChildren(el("h3", {}, `The last ${DAYS} days`), ...spent, el("h3", {}, "Budgets"), budgets());
    if (open) this.content.querySelector("details")?.setAttribute("open", "");
  }
}

function inNumbers(tallied) {
  const scrolled = el("div.wide", { tabindex: "0", role: "region", "aria-label": "In numbers" }, table(tallied));
  return el("details", {}, el("summary", {}, "In numbers"), scrolled);
}

function budgets() {
  if (!store.budgets.length) return el("p.empty", {}, "No budget is configured.");
  const each = store.budgets.filter((one) => one.spent_usd === null);
  return el("ul.budgets", {}, ...standings().map(bar), ...each.map(perSession));
}

function bar({ budget, share: part }) {
  const words = `${dollars(budget.spent_usd)} of ${dollars(budget.limit_usd)}`;
  const fill = el("span.fill");
  fill.style.width = `${Math.min(part, 1) * 100}%`;
  const near = isNear(part) ? [el("b", {}, part >= 1 ? "✕ spent" : "! nearly spent"), " "] : [];
  const until = budget.period_end ? ` until ${moment(budget.period_end)}` : "";
  const meter = el("div.meter", { role: "meter", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  meter.setAttribute("aria-valuenow", String(Math.min(100, Math.round(part * 100))));
  meter.setAttribute("aria-valuetext", words);
  meter.setAttribute("aria-label", `Budget ${called(budget)}`);
  const line = el("p", {}, el("span", {}, called(budget)), el("span", {}, ...near, words, until));
  return el("li", { "data-near": isNear(part) }, line, meter);
}

function perSession(budget) {
  return el("li", {}, el("p", {}, el("span", {}, called(budget)), el("span", {}, `${dollars(budget.limit_usd)} each`)));
}
