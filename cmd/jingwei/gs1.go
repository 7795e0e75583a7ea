package main

import (
	"context"

	"github.com/google/uuid"

	"jingwei/internal/identify/gs1/label"
	"jingwei/internal/identify/gs1/resolver"
)

// gs1Stem is the path under which the resolver answers besides the root of the host, compressed Digital Links too.
const gs1Stem = "/id"

// openGS1 opens what keeps the links of things with GS1 identifiers, and resolves them.
func (n *node) openGS1(ctx context.Context) (err error) {
	n.gs1, err = resolver.New(ctx, resolver.Options{
		DB: n.db, Name: n.cfg.Node.Name, Stem: gs1Stem, Now: n.now,
		Known: func(ctx context.Context, org uuid.UUID) error { _, err := n.orgs.Get(ctx, org); return err },
	})
	return err
}

func (n *node) gs1Routes() {
	n.gs1.Routes(n.api)
	(&label.Service{Now: n.now, Refuse: resolver.Refused}).Routes(n.api)
}
