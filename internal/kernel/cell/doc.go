// Package cell decides which cells of a deployment this process serves, and tells where the others are.
//
// A cell is a whole node: its organisations, accounts, journal, blocks and evidence. A deployment has a fixed set of them
// and any number of processes. Each cell is served by the process that holds its lease (package lease); nothing is
// decided anywhere else, and a keeper is nothing but a process's habit of taking and giving back.
//
//	free ──Take──► opening ──► serving ──► closing ──Release──► free
//	  ▲               │           │ its lease was lost: closed without a write; another has it
//	  │               │           │ another process has two fewer: given back, one at a time
//	  └── waits ◄─────┴───────────┘ it cannot be opened, or it fails: given back, tried again after a growing pause
//
// Processes tell of themselves in a row each, by the database's clock: what they are called, where their doors are, which
// cells they have open and which they could not open. One that is silent for longer than a lease lasts counts as dead.
// From these rows and the leases every keeper reckons the same plan (plan.go, pure): all cells are taken, no process has
// two more than another, and a cell that one process cannot open goes to another even so.
//
// What a keeper does never depends on the plan being right: two processes that disagree both ask for the lease, and one
// gets it. What a node writes is fenced by the lease's epoch.
package cell
