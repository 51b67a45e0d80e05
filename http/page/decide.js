// Permissions that agents ask for: allowed or denied here.

import { ask, at } from "./api.js";
import { button } from "./dom.js";
import { attempt } from "./notice.js";
import { store } from "./store.js";

const DONE = { allow: "allowed", deny: "denied" };

/** Answer a permission: `allow` or `deny`. */
export async function decide(approval, decision) {
  const { id, session_id: session } = approval;
  const answer = () => ask("POST", at(session, `/approvals/${encodeURIComponent(id)}`), { body: { decision } });
  const done = await attempt(answer, `${DONE[decision]} ${approval.tool}: ${approval.summary}`);
  if (!done) return;
  const left = (store.approvals.get(session) ?? []).filter((one) => one.id !== id);
  store.putApprovalsOf(session, left);
}

/** Return the two buttons that answer a permission. */
export function decisions(approval) {
  const named = (word) => `${word} ${approval.tool}: ${approval.summary}, for ${approval.session_id}`;
  return [
    button("Allow", () => decide(approval, "allow"), { name: named("Allow"), kind: "good" }),
    button("Deny", () => decide(approval, "deny"), { name: named("Deny"), kind: "bad" }),
  ];
}
