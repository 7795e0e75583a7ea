// Package register keeps registers: lists of entries of one form that people look up, such as enterprises, departments, tasks,
// providers, experts. What a register holds is said by a pack, one file each: fields, states and transitions, who may see what,
// what is public, and entries that come with it.
//
// Each entry has a key (the credit code of an enterprise), a state, and dates between which it holds. A change is a further revision
// with who, when and why; all of them stay readable. An organisation keeps its own registers; an entry may have a subject, an
// organisation that it is about and whose people may read it. Whoever is signed in nowhere sees the public fields of public entries
// in public states, and nothing else.
//
// Files: declare.go (packs), entry.go (nouns and rules, pure), store.go, service.go (verbs), read.go, public.go, sheet.go (import and
// export), api.go; party/ knows industries and size classes.
package register
