// Package form keeps what people are filling in: drafts of anything whose fields a pack declares, such as what opens a case, a step of
// one, an entry of a register, a fact. A draft is kept on the node as far as it goes, so that it can be taken up on another device;
// what is wrong or missing is told by field and refuses no saving. It belongs to a person of an organisation; colleagues who may
// operate can take it over and are told whose it is. Attachments are checked by their content when they come, and go with the draft.
//
// A draft is handed in once: what it becomes (a case, a step, an entry, a fact) is written in one transaction with the draft's end,
// so that a crash leaves both or neither. What a draft can become is told by desks, which the wiring gives.
//
// How a form looks may be laid out by a pack in packs/forms: sections, help, which fields are asked when, fields that are worked
// out (package calc), limits of attachments, fields filled in from what the node knows.
//
// Files: layout.go, condition.go (packs), draft.go (nouns), fill.go (what is asked, worked out and wrong; pure), store.go, service.go,
// attachment.go, submit.go (verbs), loop.go (expiry), api.go; calc/ works fields out.
package form
