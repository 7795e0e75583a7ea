// Package task is the ledger of tasks that policies give to departments: which are overdue, how many each department leads and shares,
// and the monthly return with what was reported (S214). The tasks themselves are entries of the register "tasks"; progress is told by
// their transitions, each a revision with who, when and the words.
//
// Packs in tasks/ tie each task to the targets that show its effect, or say why none does.
//
// Files: task.go (nouns and rules, pure), monthly.go (the return as a document), effect.go (ties), api.go.
package task
