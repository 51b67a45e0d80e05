// What an operator was called for in a session's history, and what has not been settled since.

const DAY = 86_400_000;
const WORK = new Set(["agent-stuck", "agent-needs-input"]);
const NONE = Object.freeze({});

/** Return the alerts after an event: `escalated`, `budget` and `limit`, each as `{words, at}` where it stands. */
export function after(alerts = NONE, event) {
  const { event_type: type, timestamp: at, data = {}, message } = event;
  switch (type) {
    case "ReactionEscalated":
      return { ...alerts, escalated: { words: data.words || message, reaction: data.reaction, at } };
    case "BudgetNear":
      return { ...alerts, budget: { words: data.words || message, at } };
    case "LimitNear":
      return { ...alerts, limit: { words: message, at } };
    case "SessionRestored":
      return without(alerts, "escalated", "budget", "limit");
    case "StatusChanged":
    case "PrUpdated":
      return without(alerts, "escalated");
    case "ActivityChanged":
      return settled(alerts, data) ? without(alerts, "escalated") : alerts;
    default:
      return alerts;
  }
}

/** An agent that is at work again is neither stuck nor waits. */
function settled(alerts, data) {
  return data.activity === "Active" && WORK.has(alerts.escalated?.reaction);
}

function without(alerts, ...names) {
  if (!names.some((name) => name in alerts)) return alerts;
  return Object.fromEntries(Object.entries(alerts).filter(([name]) => !names.includes(name)));
}

/** Return the alerts that a whole history leaves, oldest event first. */
export function ofHistory(events) {
  return events.reduce(after, NONE);
}

/** Return in words what is nearly used up: of an agent that runs, and not what was so a day ago. */
export function nearlyUsedUp(alerts = NONE, now = Date.now()) {
  const recent = [alerts.budget, alerts.limit].filter((one) => one && now - Date.parse(one.at) < DAY);
  return recent.map((one) => one.words).join("; ");
}
