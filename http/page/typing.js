// Keys as a browser tells of them, in the words of tmux(1) for the screen of an agent.

const NAMED = {
  Enter: "Enter",
  Escape: "Escape",
  Backspace: "BSpace",
  Delete: "Delete",
  Insert: "Insert",
  ArrowUp: "Up",
  ArrowDown: "Down",
  ArrowLeft: "Left",
  ArrowRight: "Right",
  Home: "Home",
  End: "End",
  PageUp: "PageUp",
  PageDown: "PageDown",
};

const LONGEST = 1000;

/** Return what to send for a key: `{key}` or `{keys}`; null for one that is the browser's own. */
export function keyOf({ key, ctrlKey, altKey, metaKey, shiftKey }) {
  const typed = [...key].length === 1;
  if (metaKey || (altKey && !(ctrlKey && typed))) return null; // AltGr comes as both, and types a character
  if (ctrlKey && !altKey) return /^[a-z]$/i.test(key) ? { key: `C-${key.toLowerCase()}` } : null;
  if (typed) return { keys: key };
  if (key === "Tab") return { key: shiftKey ? "BTab" : "Tab" };
  if (/^F(?:[1-57-9]|1[0-2])$/.test(key)) return { key }; // F6 leaves the screen
  return key in NAMED ? { key: NAMED[key] } : null;
}

/** Return what to send for a text that was pasted: a line break is the key Enter. */
export function keysOf(text) {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  return lines.flatMap((line, index) => [...(index ? [{ key: "Enter" }] : []), ...pieces(line)]);
}

function pieces(line) {
  const characters = [...line].filter((one) => !/\p{C}/u.test(one) && !/[\p{Zl}\p{Zp}]/u.test(one));
  const found = [];
  while (characters.length) found.push({ keys: characters.splice(0, LONGEST).join("") });
  return found;
}
