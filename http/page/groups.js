// What needs a human first: the group that a session is in, its place there, and why, in words.

import { nearlyUsedUp } from "./alerts.js";

const ENDED = new Set(["Merged", "Done", "Killed"]);
const FAILED = { CiFailed: "CI fails", CiFixFailed: "CI fails again" };

/** The groups, in the order in which they are shown. */
export const GROUPS = [
  ["needs", "Needs you"],
  ["working", "Working"],
  ["ended", "Ended"],
];

/** Whether a session is over for good. */
export const hasEnded = (session) => ENDED.has(session.status);

/** Whether an agent of it runs, or is just being started. */
export const runs = (session) => session.pid !== null || session.status === "Spawning";

/** Whether its agent may be started again. */
export const restorable = (session) => !runs(session) && !["Merged", "Killed"].includes(session.status);

/** Return `{group, rank, why}`; the lower the rank, the sooner a human should look. */
export function placed(session, approvals = [], alerts = {}) {
  if (hasEnded(session)) return { group: "ended", rank: 0, why: session.reason ?? "" };
  const need = needs(session, approvals, alerts);
  if (need) return { group: "needs", rank: need[0], why: need[1] };
  return { group: "working", rank: session.activity === "Blocked" ? 0 : 1, why: progress(session) };
}

function needs(session, approvals, alerts) {
  const { status, activity } = session;
  if (approvals.length || session.approvals > 0) return [0, asks(session, approvals)];
  if (activity === "WaitingInput") return [1, session.activity_reason ?? "waits for an answer"];
  if (alerts.escalated) return [2, alerts.escalated.words];
  if (status === "Exited") return [3, ended(session)];
  if (status in FAILED) return [4, `${FAILED[status]}: ${failing(session)}${alone(session)}`];
  const near = runs(session) && nearlyUsedUp(alerts);
  if (near) return [5, near];
  if (!runs(session)) return unattended(session);
  if (status === "Approved") return [7, ready(session)];
  return null;
}

function asks(session, [first, ...others]) {
  if (!first) return session.activity_reason ?? "asks for a permission";
  const more = others.length ? ` (and ${others.length} more)` : "";
  return `asks for ${first.tool}: ${first.summary}${more}`;
}

function ended(session) {
  if (session.reason) return session.reason;
  return session.exit_code === null ? "its agent is gone" : `its agent ended with ${session.exit_code}`;
}

function failing(session) {
  return session.pull_request?.failing.join(", ") || "its checks";
}

const alone = (session) => (runs(session) ? "" : "; no agent runs");

/** What is left to a human when no agent is there to do it. */
function unattended(session) {
  const { status } = session;
  if (status === "MergeConflicts") return [6, "conflicts with its base; no agent runs"];
  if (status === "ChangesRequested") return [6, "a reviewer asks for changes; no agent runs"];
  if (status === "Approved") return [7, ready(session)];
  return session.reason ? [3, ended(session)] : null;
}

function ready(session) {
  const ci = session.pull_request?.ci;
  if (ci === "pending") return "approved; its checks are not done yet";
  return ci === "failing" ? "approved, and its checks fail" : "ready to merge";
}

function progress(session) {
  if (session.activity_reason) return session.activity_reason;
  if (session.host_trouble) return `code host: ${session.host_trouble}`;
  if (session.status === "CiFixSent") return `told of ${failing(session)}`;
  return pullInWords(session.pull_request);
}

/** Return what is known of a pull request in a few words; nothing without one. */
export function pullInWords(pull) {
  if (!pull) return "";
  const ci = { pending: "CI runs", passing: "CI passes", failing: `CI fails: ${pull.failing.join(", ")}` }[pull.ci];
  const review = { approved: "approved", changes_requested: "changes asked" }[pull.review];
  const parts = [ci, review ?? (pull.review_asked && "review asked"), pull.conflicts && "conflicts"];
  return parts.filter(Boolean).join(" · ");
}
