package twin

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// maxGroup bounds how many changes are one commit.
const maxGroup = 1000

// Acts of a version.
const (
	actPut    = "put"
	actDelete = "delete"
)

// commit writes changes of one organisation as one commit: all or none. No thing may be named twice. It returns after they
// are durable. Errors: ErrExists, store.ErrNotFound.
func (s *Service) commit(ctx context.Context, scope auth.Scope, changes []Change, reason string) (out []Item, err error) {
	if len(changes) == 0 || len(changes) > maxGroup {
		return nil, fmt.Errorf("a commit has 1 to %d changes, not %d", maxGroup, len(changes))
	}
	if scope.Org() == uuid.Nil {
		return nil, auth.ErrNotFound.With("thing", "org")
	}
	actor, err := json.Marshal(auth.ActorOf(scope.Principal()))
	if err != nil {
		return nil, err
	}
	var number int64
	err = s.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		c := &committing{s: s, tx: tx, scope: scope, actor: string(actor), reason: reason}
		if err := c.tick(ctx); err != nil {
			return err
		}
		if out, err = c.write(ctx, changes); err != nil {
			return err
		}
		number = c.number
		return c.note(ctx, changes, out)
	})
	if err != nil {
		return nil, fmt.Errorf("commit twins: %w", err)
	}
	s.told(number)
	return out, nil
}

// committing is one commit on its way.
type committing struct {
	s      *Service
	tx     bun.Tx
	scope  auth.Scope
	actor  string
	reason string
	number int64
	at     int64
}

// tick takes the next commit number. All commits of the node take turns here, so that none is told before a smaller one.
func (c *committing) tick(ctx context.Context) error {
	now := c.s.o.Now().UnixNano()
	if err := c.tx.NewRaw("UPDATE twin_clock SET commit_number = commit_number + 1, at = CASE WHEN at >= ? THEN at + 1 ELSE ? END WHERE id = 1 RETURNING commit_number, at", now, now).Scan(ctx, &c.number, &c.at); err != nil {
		return wrap("take a commit", err)
	}
	return nil
}

func (c *committing) write(ctx context.Context, changes []Change) ([]Item, error) {
	known, err := c.known(ctx, changes)
	if err != nil {
		return nil, err
	}
	var fresh []itemRow
	versions := make([]versionRow, len(changes))
	var assets []assetRow
	var forget []uuid.UUID
	out := make([]Item, len(changes))
	for i := range changes {
		x := &changes[i]
		row, had := known[string(x.Kind)+digest(x.ID)]
		switch {
		case x.Create && had && row.Alive:
			return nil, ErrExists.At("body.id", x.ID)
		case (x.Existing || x.Content == nil) && (!had || !row.Alive):
			return nil, fmt.Errorf("%s %s: %w", x.Kind, x.ID, store.ErrNotFound)
		}
		if !had {
			row = itemRow{Item: uuid.Must(uuid.NewV7()), Org: c.scope.Org(), Kind: x.Kind, Digest: digest(x.ID), ID: x.ID}
		}
		row.Short, row.Semantic, row.Beside, row.Alive, row.Version = x.Short, x.Semantic, x.Beside, x.Content != nil, row.Version+1
		if had {
			if err := c.update(ctx, &row); err != nil {
				return nil, err
			}
			forget = append(forget, row.Item)
		} else {
			fresh = append(fresh, row)
		}
		v := versionRow{Item: row.Item, Number: row.Version, Org: row.Org, CommitNumber: c.number, At: c.at, Act: actPut, Actor: c.actor, Reason: c.reason, Content: string(x.Content)}
		if x.Content == nil {
			v.Act = actDelete
		}
		versions[i] = v
		out[i] = Item{Key: row.Item, Org: row.Org, Kind: x.Kind, ID: x.ID, Beside: x.Beside, Version: v.Number, At: v.At, Actor: v.Actor, Reason: v.Reason, Content: x.Content}
		assets = append(assets, assetsOf(&row, x)...)
	}
	if len(fresh) > 0 {
		if _, err := c.tx.NewInsert().Model(&fresh).Exec(ctx); err != nil {
			return nil, wrap("add items", err)
		}
	}
	if _, err := c.tx.NewInsert().Model(&versions).Exec(ctx); err != nil {
		return nil, wrap("add versions", err)
	}
	if err := c.bind(ctx, changes, versions); err != nil {
		return nil, err
	}
	if len(forget) > 0 {
		if _, err := c.tx.NewDelete().Model((*assetRow)(nil)).Where("a.item IN (?)", bun.List(store.Words(forget))).Exec(ctx); err != nil {
			return nil, wrap("forget assets", err)
		}
	}
	if len(assets) > 0 {
		if _, err := c.tx.NewInsert().Model(&assets).Exec(ctx); err != nil {
			return nil, wrap("add assets", err)
		}
	}
	return out, nil
}

// known finds the items of changes that there are, by kind and digest.
func (c *committing) known(ctx context.Context, changes []Change) (map[string]itemRow, error) {
	digests := make([]string, len(changes))
	for i := range changes {
		digests[i] = digest(changes[i].ID)
	}
	var rows []itemRow
	q := c.tx.NewSelect().Model(&rows).Where("i.kind IN (?)", bun.List(kindsOf(changes))).Where("i.digest IN (?)", bun.List(digests))
	if err := c.scope.Where(q, "i.org").Scan(ctx); err != nil {
		return nil, wrap("look for items", err)
	}
	out := make(map[string]itemRow, len(rows))
	for _, r := range rows {
		out[string(r.Kind)+r.Digest] = r
	}
	return out, nil
}

func kindsOf(changes []Change) (out []Kind) {
	seen := map[Kind]bool{}
	for i := range changes {
		if k := changes[i].Kind; !seen[k] {
			seen[k], out = true, append(out, k)
		}
	}
	return out
}

func (c *committing) update(ctx context.Context, row *itemRow) error {
	q := c.tx.NewUpdate().Model(row).Column("short", "semantic", "beside", "alive", "version").Where("i.item = ?", row.Item)
	if _, err := c.scope.WhereUpdate(q, "org").Exec(ctx); err != nil {
		return wrap("change an item", err)
	}
	return nil
}

func assetsOf(row *itemRow, x *Change) (out []assetRow) {
	seen := map[string]bool{}
	for _, id := range x.Assets {
		if d := assetDigest(id); x.Content != nil && !seen[d] {
			seen[d] = true
			out = append(out, assetRow{Item: row.Item, Digest: d, Org: row.Org, Shell: x.Shell})
		}
	}
	return out
}

// maxNoted bounds how many things of a commit the audit names.
const maxNoted = 50

// note writes one audit entry for the commit.
func (c *committing) note(ctx context.Context, changes []Change, out []Item) error {
	type noted struct {
		Kind    Kind   `json:"kind"`
		ID      string `json:"id"`
		Version int64  `json:"version"`
	}
	verb, first := "twin.item.put", changes[0]
	if first.Content == nil {
		verb = "twin.item.delete"
	}
	after := map[string]any{"commit": c.number, "count": len(out)}
	var list []noted
	for _, x := range out[:min(len(out), maxNoted)] {
		list = append(list, noted{x.Kind, x.ID, x.Version})
	}
	after["items"] = list
	e := c.scope.Act(ctx, c.s.o.Now(), verb, audit.Object{Kind: "twin." + string(first.Kind), ID: out[0].Key.String(), Name: clip(first.ID)}, nil, after)
	e.Reason = c.reason
	return audit.Record(ctx, c.tx, e)
}

// clip cuts a text for a message, a log or an audit entry.
func clip(s string) string {
	const most = 200
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
