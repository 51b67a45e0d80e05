// How things are called and counted on the page: statuses, moments, money.

// Each status: what it is called, its sign, and its tone. Never a colour alone.
const STATUSES = {
  Spawning: ["starting", "◌", "blue"],
  Working: ["working", "●", "blue"],
  PrDraft: ["draft PR", "◇", "purple"],
  PrOpen: ["PR open", "◆", "purple"],
  CiPassing: ["CI passing", "✓", "green"],
  CiFailed: ["CI failed", "✕", "red"],
  CiFixSent: ["CI fix sent", "↻", "amber"],
  CiFixFailed: ["CI fix failed", "✕", "red"],
  ReviewPending: ["in review", "◔", "amber"],
  ChangesRequested: ["changes asked", "±", "orange"],
  Approved: ["approved", "✓", "green"],
  MergeConflicts: ["conflicts", "≠", "orange"],
  Merged: ["merged", "■", "grey"],
  Done: ["done", "■", "grey"],
  Exited: ["exited", "✕", "red"],
  Killed: ["killed", "□", "grey"],
};

/** The statuses, in the order of the docs. */
export const STATUS_NAMES = Object.keys(STATUSES);

const WAITS = ["waits for you", "!", "amber"];

/** Return `{word, sign, tone}` of a status, also of one that a newer server may have. */
export function statusOf(status) {
  return named(STATUSES[status] ?? [String(status), "?", "grey"]);
}

/** Return the same of a session: where there is nothing else to say of it, that it waits comes first. */
export function shownStatus({ status, activity, approvals }) {
  const waits = status === "Working" && (approvals > 0 || activity === "WaitingInput");
  return waits ? named(WAITS) : statusOf(status);
}

const named = ([word, sign, tone]) => ({ word, sign, tone });

const ACTIVITIES = {
  Active: "at work",
  Ready: "ready",
  Idle: "idle",
  WaitingInput: "waits for you",
  Blocked: "blocked",
  Exited: "no agent runs",
};

/** Return what an agent does, in words; nothing while it is not known. */
export function activityOf(activity) {
  return activity ? (ACTIVITIES[activity] ?? String(activity)) : "";
}

const STEPS = [
  [86400, "d"],
  [3600, "h"],
  [60, "m"],
];

/** Return how long a number of seconds is, in its largest unit: `45s`, `3m`, `2h`, `9d`. */
export function span(seconds) {
  const [size, unit] = STEPS.find(([step]) => seconds >= step) ?? [1, "s"];
  return `${Math.max(0, Math.floor(seconds / size))}${unit}`;
}

/** Return how long ago a moment was; nothing for none. */
export function ago(moment, now = Date.now()) {
  return moment ? span((now - Date.parse(moment)) / 1000) : "";
}

const DAY_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** Return a moment as this reader writes it; today's without the day. */
export function moment(text) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return String(text);
  return (at.toDateString() === new Date().toDateString() ? TIME : DAY_TIME).format(at);
}

/** Return an amount of money for people: `$1.25`, and `<$0.01` for what is next to nothing. */
export function dollars(amount) {
  const value = Number(amount);
  if (!Number.isFinite(value)) return "";
  return value > 0 && value < 0.01 ? "<$0.01" : `$${value.toFixed(2)}`;
}

/** Return a count with its noun: `1 session`, `3 sessions`. */
export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Return a number for people: `48 210` in their way of writing. */
export function grouped(number) {
  return Number(number ?? 0).toLocaleString();
}
