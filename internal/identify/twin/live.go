package twin

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/twin/mirror"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
)

// changes puts what is stored of twins on the node's live stream as events `twins`, for clients that name organisations or
// machines. The first event says only up to which commit the client's reads are; later ones say what has been stored since.
// Latest values of a machine come as events `values`, from telemetry.
type changes struct{ s *Service }

func (c changes) Event() string { return "twins" }

func (c changes) Watch(_ context.Context, scope auth.Scope, q api.LiveQuery) (api.Feed, error) {
	if len(q.Orgs) == 0 && len(q.Machines) == 0 {
		return nil, nil
	}
	return &changeFeed{s: c.s, scope: scope, q: q, last: -1}, nil
}

type changeFeed struct {
	s     *Service
	scope auth.Scope
	q     api.LiveQuery
	last  int64 // commit up to which was told
}

// Told is a change as the live stream tells it.
type Told struct {
	Org     uuid.UUID   `json:"org"`
	Kind    Kind        `json:"kind"`
	ID      string      `json:"id"`
	Thing   *uuid.UUID  `json:"thing,omitempty"` // of the plant, whose shell or submodel it is
	Version int64       `json:"version"`
	At      time.Time   `json:"at"`
	By      audit.Actor `json:"by"`
	Deleted bool        `json:"deleted,omitempty"`
}

// maxTold bounds the changes of one event; the others come with the next.
const maxTold = 500

func (f *changeFeed) Next(ctx context.Context) (any, error) {
	if f.last >= 0 && f.s.committed.Load() <= f.last {
		return nil, nil
	}
	out := []Told{}
	from := f.last
	err := f.s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		var clock clockRow
		if err := tx.NewSelect().Model(&clock).Where("id = 1").Scan(ctx); err != nil {
			return err
		}
		if from < 0 {
			f.last = clock.CommitNumber
			return nil
		}
		var rows []namedRow
		q := tx.NewSelect().Model(&rows).ModelTableExpr("twin_version AS v").ColumnExpr("v.item, v.number, v.org, v.commit_number, v.at, v.act, v.actor, i.kind, i.id").
			Join("JOIN twin_item AS i ON i.item = v.item").Where("v.commit_number > ? AND v.commit_number <= ?", from, clock.CommitNumber)
		if err := f.scope.Where(q, "v.org").OrderExpr("v.commit_number, v.item").Limit(maxTold).Scan(ctx); err != nil {
			return err
		}
		if f.last = clock.CommitNumber; len(rows) == maxTold {
			f.last = rows[maxTold-1].CommitNumber
		}
		for i := range rows {
			if t := tell(&rows[i]); f.wants(&t) {
				out = append(out, t)
			}
		}
		return nil
	})
	if err != nil {
		return nil, wrap("read changes", err)
	}
	if len(out) == 0 && from >= 0 {
		return nil, nil
	}
	return map[string]any{"items": out, "commit": f.last}, nil
}

func (f *changeFeed) wants(t *Told) bool {
	if slices.Contains(f.q.Orgs, t.Org) {
		return true
	}
	return t.Thing != nil && slices.Contains(f.q.Machines, *t.Thing)
}

func tell(r *namedRow) Told {
	t := Told{Org: r.Org, Kind: r.Kind, ID: r.ID, Version: r.Number, At: time.Unix(0, r.At).UTC(), By: actorOf(r.Actor), Deleted: r.Act == actDelete}
	if thing, _, ok := mirror.ParseID(r.ID); ok {
		t.Thing = &thing
	}
	return t
}

// actorOf reads who did something, as commits write it.
func actorOf(word string) (a audit.Actor) {
	_ = json.Unmarshal([]byte(word), &a) // this room has written it
	return a
}
