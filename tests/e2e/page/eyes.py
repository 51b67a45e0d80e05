"""What a person sees, hears and reaches: names, contrast, focus; after WCAG 2.2 and the rules of axe."""

NAMELESS = """
() => {
  const words = (element) => (element?.textContent ?? "").trim();
  const named = (element) => {
    const by = element.getAttribute("aria-labelledby");
    const labels = [...(element.labels ?? [])].map(words).join("");
    const own = element.matches("button, a, summary, [role=tab]") ? words(element) : "";
    return element.getAttribute("aria-label") || (by && words(document.getElementById(by))) || labels || own;
  };
  const controls = "a[href], button, dialog, input, pre[tabindex], select, summary, textarea";
  const roles = ["tab", "tabpanel", "meter", "img", "region", "group"].map((role) => `[role=${role}]`);
  return [...document.querySelectorAll([controls, ...roles].join())]
    .filter((one) => one.checkVisibility() && !named(one))
    .map((one) => one.outerHTML.slice(0, 120));
}
"""

BROKEN = """
() => {
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  const references = ["for", "aria-labelledby", "aria-describedby", "aria-controls"];
  const lost = [...document.querySelectorAll(references.map((name) => `[${name}]`))].flatMap((one) =>
    references
      .flatMap((name) => (one.getAttribute(name) ?? "").split(" "))
      .filter((id) => id && !document.getElementById(id)));
  const nested = document.querySelectorAll("a button, button a, a a, button button").length;
  return { twice, lost, nested };
}
"""

PALE = """
() => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = (text) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = text;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const back = colour(getComputedStyle(at).backgroundColor);
      if (back[3] === 255) return back;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest("option, noscript, .unseen, [aria-disabled]")) {
      continue;
    }
    const style = getComputedStyle(element);
    const [text, back] = [style.fill !== "rgb(0, 0, 0)" ? style.fill : style.color, behind(element)];
    const [a, b] = [light(colour(text)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const name = element.className || element.tagName;
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${name}: ${element.textContent.slice(0, 40)}`);
  }
  return found;
}
"""

WIDER = """
() => [...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && !one.closest(".frame, .wide, .output, .unseen"))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => `${one.tagName}.${one.className}`)
"""

SMALL = """
() => [...document.querySelectorAll("button, select, input, summary, a.line")]
  .filter((one) => one.checkVisibility() && !one.closest(".unseen, label.check"))
  .filter((one) => one.getBoundingClientRect().height < 24)
  .map((one) => one.outerHTML.slice(0, 80))
"""

FOCUS = """
() => {
  const { activeElement: element } = document;
  const style = getComputedStyle(element);
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return { what: element.id || element.className || element.textContent.trim(), seen };
}
"""
