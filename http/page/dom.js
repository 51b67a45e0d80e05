// Building and changing the document. Text becomes text nodes alone: nothing here reads markup.

/** Make an element: `el("li.row", {"aria-label": "x", onclick: f}, "text", child)`. */
export function el(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else put(made, name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Set an attribute where it is another; false, null and undefined take it away. */
export function put(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Set the text of an element where it is another. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show or hide an element. */
export function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

/** Return a link that opens elsewhere, or plain text where the address is none of the web. */
export function outward(url, text) {
  return isPage(url)
    ? el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text)
    : document.createTextNode(text);
}

/** Whether an address that others gave may be opened: `javascript:` and its like may not. */
export function isPage(url) {
  try {
    return ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}

/** Make `nodes` the children of `parent`, in this order; only what is out of place is moved. */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let at = parent.firstElementChild;
  for (const node of nodes) {
    if (at === node) at = at.nextElementSibling;
    else if (at && at.nextElementSibling === node) at = node.nextElementSibling; // `at` comes later: it moves then
    else parent.insertBefore(node, at);
  }
}

/** Mark a button as busy, or not. It keeps the focus, which one that is disabled would lose. */
export function busy(button, now) {
  put(button, "aria-disabled", now && "true");
}

/** Whether a button is marked so. */
export const isBusy = (button) => button.hasAttribute("aria-disabled");

/** Return a button; its `name` is what is read out where its text is not enough. */
export function button(text, onclick, { name, kind = "", ...more } = {}) {
  return el(`button${kind && `.${kind}`}`, { type: "button", "aria-label": name, onclick, ...more }, text);
}
