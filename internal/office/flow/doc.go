// Package flow takes cases through their states: applications, reviews, approvals, objections. What a case is, its states, who may
// take it from one to the next and under which conditions, which papers that needs and until when, is said by a pack, one file
// each. Deadlines are counted on the Chinese calendar of working days (package workday).
//
// A case keeps the version of the flow under which it was opened. Every step is one transaction with the case's new revision, its
// history, the audit and the messages that it gives rise to; a step names the revision that was seen, so that of two officers who
// decide at once the second is refused and told what the first has done. What a deadline does (remind, escalate, take the case
// on) is done by Run once each, however often the process stops, and before any later step of the case.
//
// Sources: 民法典 art. 200 to 203, 行政许可法 art. 32 (return for completion), 45 and 82 (periods); the lifecycle of calls as
// practised (research: formal check, completion, review, publicity, objection).
//
// Files: declare.go, check.go (packs), condition.go (guards), clock.go (deadlines, pure), case.go (nouns), move.go (steps, pure),
// store.go, service.go, act.go (verbs), right.go (who may), read.go, loop.go (deadlines and messages), api.go.
package flow
