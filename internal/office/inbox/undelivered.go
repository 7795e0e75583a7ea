package inbox

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Undelivered is a dead letter: what could not be delivered, and why.
type Undelivered struct {
	ID      uuid.UUID
	Channel uuid.UUID
	Kind    ChannelKind
	Name    string
	Address string
	Text    text.Text
	Trouble text.Text
	Tries   int64
	At      int64
	Ended   int64
}

type undeliveredRow struct {
	deliveryRow `bun:",extend"`

	Kind    string    `bun:"kind,scanonly"`
	Name    string    `bun:"name,scanonly"`
	Address string    `bun:"address,scanonly"`
	Words   text.Text `bun:"words,type:text,scanonly"`
}

func (r *undeliveredRow) view() Undelivered {
	return Undelivered{ID: r.ID, Channel: r.Channel, Kind: ChannelKind(r.Kind), Name: r.Name, Address: r.Address, Text: r.Words, Trouble: told(r.Trouble, r.Detail), Tries: r.Tries, At: r.At, Ended: r.Ended}
}

var lastFirst = store.Keyset{Columns: []string{"d.id"}, Descending: true}

// Undelivered lists dead letters of an organisation's channels (for those who configure it) or of the caller's own, the last first.
func (s *Service) Undelivered(ctx context.Context, org uuid.UUID, page store.Page) ([]Undelivered, string, error) {
	person, scope, err := s.mine(ctx, org, auth.Configure)
	if err != nil {
		return nil, "", err
	}
	var rows []undeliveredRow
	q := s.o.DB.NewSelect().Model(&rows).ColumnExpr("d.*").ColumnExpr("c.kind, c.name, c.address, i.words").
		Join("JOIN inbox_channel AS c ON c.id = d.channel").Join("JOIN inbox_item AS i ON i.id = d.item").Where("d.state = ?", dead)
	if org != uuid.Nil {
		q = scope.Where(q.Where("d.org = ?", org.String()), "d.org")
	} else {
		q = q.Where("d.person = ?", person)
	}
	list, next, err := store.List(ctx, lastFirst, q, &rows, page, func(r *undeliveredRow) []any { return []any{r.ID.String()} }, (*undeliveredRow).view)
	if err != nil {
		return nil, "", fmt.Errorf("list dead letters: %w", err)
	}
	return list, next, nil
}

// Again sends a dead letter again; Drop gives it up. Errors: store.ErrNotFound, ErrNotDead.
func (s *Service) Again(ctx context.Context, id uuid.UUID) error {
	err := s.bury(ctx, id, "inbox.delivery.retry", queued, s.o.Now().UnixNano())
	s.rouse()
	return err
}

// Drop gives a dead letter up.
func (s *Service) Drop(ctx context.Context, id uuid.UUID) error {
	return s.bury(ctx, id, "inbox.delivery.drop", dropped, store.Forever)
}

func (s *Service) bury(ctx context.Context, id uuid.UUID, verb, state string, tryAt int64) error {
	if _, err := auth.Need(ctx); err != nil {
		return err
	}
	var d deliveryRow
	if err := s.o.DB.NewSelect().Model(&d).Where("d.id = ?", id).Scan(ctx); err != nil {
		return wrap("delivery "+id.String(), err)
	}
	row, scope, err := s.channel(ctx, d.Channel, auth.Configure)
	if err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*deliveryRow)(nil)).Set("state = ?", state).Set("try_at = ?", tryAt).Set("tries = 0").Set("bundled = ?", false).
			Where("id = ? AND state = ?", id, dead).Exec(ctx)
		if err != nil {
			return wrap("dead letter", err)
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrNotDead
		}
		o := audit.Object{Kind: "inbox.delivery", ID: id.String(), Name: row.Kind}
		if row.Org == "" {
			return s.noteChannel(ctx, tx, scope, &row, verb, nil, nil)
		}
		return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), verb, o, nil, nil))
	})
}
