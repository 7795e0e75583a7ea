package store

import "github.com/uptrace/bun"

// Scope limits a query of a table that belongs to tenants to the organisations somebody may see. auth.Scope is the
// only one in the product; it stands here as an interface so that rooms which auth itself uses can ask for it.
type Scope interface {
	// Where adds the limit; column holds the owning organisation.
	Where(q *bun.SelectQuery, column string) *bun.SelectQuery
}
