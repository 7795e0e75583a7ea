package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/identify/docking"
	"jingwei/internal/identify/handle/client"
	"jingwei/internal/identify/registry"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/outward"
	"jingwei/internal/kernel/text"
)

// guideID is the guide by which nodes of the identifier system hand in.
const guideID = "vaa"

// nodeSilent is the kind of the condition that a node below does not answer.
const nodeSilent = "identifier.node-down"

// openDocking opens the register of the nodes of the identifier system below this one, and what it hands in to the one above.
func (n *node) openDocking(ctx context.Context) error {
	guides, err := docking.LoadGuides(n.packs)
	if err != nil {
		return err
	}
	guide := guides.Get(guideID)
	if guide == nil {
		return fmt.Errorf("the packs have no docking guide %q", guideID)
	}
	door := outward.New(n.cfg.Inbox.Allow, nil)
	n.closers = append(n.closers, func() error { door.Close(); return nil })
	n.docking, err = docking.New(ctx, docking.Options{
		DB: n.db, Guide: guide, Prober: &docking.Prober{Client: &client.Client{Now: clock}, Now: clock}, Courier: docking.HTTP{Door: door},
		Signers: n.signers, Door: door, Makers: n.makers(), Holds: n.holds, Trouble: n.nodeTurned, Now: n.now, Logger: n.log,
	})
	return err
}

// nodeTurned tells that a node below went down or came back.
func (n *node) nodeTurned(ctx context.Context, below *docking.Node, down bool, what string) {
	if !down {
		n.board.Clear(ctx, nodeSilent, below.ID.String())
		return
	}
	n.board.Raise(ctx, condition.Condition{
		Kind: nodeSilent, Subject: below.ID.String(), Org: below.Org, Severity: condition.Error,
		Text: text.Text{
			Zh: fmt.Sprintf("标识节点 %s（%s）不应答：%s。请联系其运营单位。", below.Name.Zh, below.Prefix, what),
			En: fmt.Sprintf("The identifier node %s (%s) does not answer: %s. Call whoever runs it.", below.Name.En, below.Prefix, what),
		},
	})
}

// holds tells whether a prefix is an organisation's.
func (n *node) holds(ctx context.Context, org uuid.UUID, prefix string) (bool, error) {
	list, err := n.registry.Prefixes(auth.AsSystem(ctx, "docking"), org)
	return slices.ContainsFunc(list, func(p registry.Prefix) bool { return strings.EqualFold(p.Prefix, prefix) }), err
}
