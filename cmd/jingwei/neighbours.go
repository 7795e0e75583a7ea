package main

import (
	"context"
	"path/filepath"
	"strconv"

	"github.com/google/uuid"

	"jingwei/internal/federate/neighbour"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry/seal"
)

// openNeighbours opens what links this node with others. Its listener is that of the gateways.
func (n *node) openNeighbours(ctx context.Context) (err error) {
	n.neighbours, err = neighbour.New(ctx, neighbour.Options{
		DB: n.db, Orgs: n.orgs, Certificates: n.auth, Authority: n.authority, Board: n.board, FS: n.files, Dir: filepath.Join(n.dir, "neighbours"),
		Node: n.id, NodeName: n.cfg.Node.Name, Key: n.orgs.NodeKey(), Version: version, URL: n.enrolURL, Link: n.linkAddress, Now: n.now, Logger: n.log,
	})
	return err
}

// agreed lets sealing ask for the acts on agreements (seal.Options.Agreements).
type agreed struct{ orgs *org.Service }

func (a agreed) Since(ctx context.Context, n uint64, limit int) ([]seal.Fact, error) {
	list, err := a.orgs.AgreementActs(ctx, n, limit)
	return store.All(list, actLeaf), err
}

func (a agreed) Find(ctx context.Context, id uuid.UUID) (seal.Fact, error) {
	act, err := a.orgs.AgreementAct(ctx, id)
	return actLeaf(&act), err
}

// actLeaf names the fields of an act. The names and their order are part of the format.
func actLeaf(a *org.AgreementAct) seal.Fact {
	return seal.Fact{ID: a.ID, Subject: a.Agreement, Org: a.Org, Commit: a.N, At: a.Known, Fields: []seal.Field{
		{Name: "record", Text: "agreement"}, {Name: "id", Text: a.ID.String()}, {Name: "org", Text: a.Org.String()}, {Name: "agreement", Text: a.Agreement.String()},
		{Name: "version", Text: strconv.FormatInt(a.Version, 10)}, {Name: "act", Text: a.Act}, {Name: "side", Text: string(a.Side)}, {Name: "by", Text: a.By},
		{Name: "at", Text: strconv.FormatInt(a.At, 10)}, {Name: "known", Text: strconv.FormatInt(a.Known, 10)}, {Name: "terms", Text: a.Hash}, {Name: "reason", Text: a.Reason}}}
}

var _ seal.Facts = agreed{}
