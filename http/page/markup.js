// The markup of a terminal's screen, as our server writes it: `pre`, and `span` with known classes and colours.
// It is read piece by piece, never by the browser: whatever is not exactly this is shown as the text that it is.

import { el } from "./dom.js";

const PIECES =
  /(<pre>|<\/pre>)|<span((?: class="[a-z ]+"| data-[fb]g="#[0-9a-f]{6}")*)>|(<\/span>)|(&(?:amp|lt|gt|quot|#x27);)|([^<&]+|[<&])/g;
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'" };
const CLASSES = new Set(["bold", "dim", "italic", "underline", "reverse", "strike"]);

/** Return the lines of a screen's markup, still as markup. */
export function linesOf(markup) {
  return markup.replace(/^<pre>/, "").replace(/<\/pre>$/, "").split("\n");
}

/** Return the nodes that a line of markup means. */
export function nodesOf(line) {
  const root = document.createDocumentFragment();
  let place = root;
  for (const [, pre, opened, closed, entity, text] of line.matchAll(PIECES)) {
    if (pre) continue;
    if (opened !== undefined) place = place.appendChild(styled(opened));
    else if (closed) place = place.parentNode ?? root;
    else place.append(entity ? ENTITIES[entity] : text);
  }
  return root;
}

function styled(attributes) {
  const classes = (/ class="([a-z ]+)"/.exec(attributes)?.[1] ?? "").split(" ").filter((name) => CLASSES.has(name));
  const made = el("span");
  made.classList.add(...classes);
  let fore = / data-fg="(#[0-9a-f]{6})"/.exec(attributes)?.[1] ?? "";
  let back = / data-bg="(#[0-9a-f]{6})"/.exec(attributes)?.[1] ?? "";
  if (classes.includes("reverse")) [fore, back] = [back || "var(--screen)", fore || "var(--screen-text)"];
  made.style.color = fore; // by property: a policy that forbids style attributes allows this
  made.style.backgroundColor = back;
  return made;
}
