// Package party takes enterprises in and keeps who may act for them. Somebody who has signed up by themselves, and has no role anywhere,
// asks to join with their enterprise: its unified social credit code, what it does, how large it is, and a letter of authorisation. The
// organisation that runs the node decides; with its yes the organisation, its entry in the register of enterprises and the applicant's
// mandate come to be in one transaction. A code that is an organisation already can be joined by asking to act for it, which its own
// owners, or the node's organisation, decide; nobody is told who they are.
//
// A mandate is a role of a person in an organisation for a time, under a document. It counts at every instant of its time and at no
// other (auth.Mandate): sessions, tokens and open streams are without it from the instant of its end, or of its being revoked.
//
// An application is its applicant's own: they have no organisation, so no auth.Scope reaches it; their reads and writes are bound to
// their own id. Everybody else reads and decides under a scope: of the node's organisation, or of the one that is asked for.
//
// Sources: GB 32100-2015 (credit code), GB/T 4754-2017 (industry), GB/T 2260 (divisions), 国统字〔2017〕213号 (size class, given by
// the wiring), 民法典 arts. 161 to 174 (agency: 授权委托书 names the agent, the matter, the powers and the time, art. 165; the
// principal may revoke it, art. 173).
package party
