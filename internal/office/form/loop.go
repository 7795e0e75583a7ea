package form

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// every is how often Run looks for drafts whose time has come.
const every = time.Hour

// batch is how many drafts are looked for at once.
const batch = 200

// Run warns of drafts that will expire, lets them expire, and sweeps what has ended, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := s.Tick(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Error("drafts", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Tick is one round of Run.
func (s *Service) Tick(ctx context.Context) error {
	now := s.o.Now()
	if err := s.warn(ctx, now); err != nil {
		return err
	}
	if err := s.expire(ctx, now); err != nil {
		return err
	}
	return s.sweep(ctx, now)
}

// warn tells people of drafts that will expire, once for each revision.
func (s *Service) warn(ctx context.Context, now time.Time) error {
	if s.o.Notifier == nil {
		return nil
	}
	for {
		n := 0
		err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			var rows []draftRow
			if err := tx.NewSelect().Model(&rows).Where("d.state = ? AND d.warned = ? AND d.expires <= ? AND d.expires > ?", Open, false, now.Add(warns).UnixNano(), now.UnixNano()).
				OrderExpr("d.id").Limit(batch).Scan(ctx); err != nil {
				return wrap("look for drafts", err)
			}
			n = len(rows)
			for i := range rows {
				r := &rows[i]
				day := field.DateOf(r.Expires)
				if err := s.o.Notifier.Notify(ctx, tx, Notice{Draft: r.ID, Org: r.Org, Person: r.Person, Expires: r.Expires, Text: text.Text{
					Zh: "草稿“" + r.Title.Zh + "”到 " + day + " 仍不修改将过期。", En: "The draft “" + r.Title.En + "” expires on " + day + " unless it is changed."}}); err != nil {
					return err
				}
				if _, err := tx.NewUpdate().Model((*draftRow)(nil)).Set("warned = ?", true).Where("id = ?", r.ID).Exec(ctx); err != nil {
					return wrap("mark a draft", err)
				}
			}
			return nil
		})
		if err != nil || n < batch {
			return err
		}
	}
}

func (s *Service) expire(ctx context.Context, now time.Time) error {
	for {
		n := 0
		err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			var rows []draftRow
			if err := tx.NewSelect().Model(&rows).Where("d.state = ? AND d.expires <= ?", Open, now.UnixNano()).OrderExpr("d.id").Limit(batch).Scan(ctx); err != nil {
				return wrap("look for drafts", err)
			}
			n = len(rows)
			for i := range rows {
				d, err := rows[i].draft()
				if err != nil {
					return err
				}
				basis := d.Revision
				d.State, d.Revision, d.At = Expired, basis+1, max(now.UnixNano(), d.At+1)
				if err := update(ctx, tx, &d, basis); err != nil {
					return err
				}
				if err := audit.Record(ctx, tx, auth.System(d.Org).Act(ctx, now, "form.draft.expire", d.object(), map[string]any{"state": Open, "revision": basis}, map[string]any{"state": Expired, "revision": d.Revision})); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n < batch {
			return err
		}
	}
}

// sweep removes what has ended long ago, with its files.
func (s *Service) sweep(ctx context.Context, now time.Time) error {
	for {
		var blobs []string
		n := 0
		err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			var rows []draftRow
			if err := tx.NewSelect().Model(&rows).Column("id").Where("d.state <> ? AND d.at <= ?", Open, now.Add(-keeps).UnixNano()).OrderExpr("d.id").Limit(batch).Scan(ctx); err != nil {
				return wrap("look for drafts", err)
			}
			blobs, n = nil, len(rows)
			for i := range rows {
				files, err := attached(ctx, tx, rows[i].ID)
				if err != nil {
					return err
				}
				blobs = append(blobs, store.All(files, func(a *Attachment) string { return a.Blob })...)
				if _, err := tx.NewDelete().Model((*attachmentRow)(nil)).Where("draft = ?", rows[i].ID).Exec(ctx); err != nil {
					return wrap("sweep a draft", err)
				}
				if _, err := tx.NewDelete().Model((*draftRow)(nil)).Where("id = ?", rows[i].ID).Exec(ctx); err != nil {
					return wrap("sweep a draft", err)
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("sweep drafts: %w", err)
		}
		s.drop(ctx, blobs)
		if n < batch {
			return nil
		}
	}
}
