package seal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry/correction"
)

// Correction is one that was carried out, as its room tells it. Fields never change.
type Correction struct {
	ID, Org, Series uuid.UUID
	Withdraws       bool // it takes samples away
	At              int64
	Seq             uint64 // grows from correction to correction
	Fields          []Field
}

// Corrections is the room of corrections.
type Corrections interface {
	// Since returns corrections that were carried out and have a greater Seq, in order of it.
	Since(ctx context.Context, seq uint64, limit int) ([]Correction, error)
	Find(ctx context.Context, id uuid.UUID) (Correction, error)
}

// Audits is the audit.
type Audits interface {
	// Since returns entries with greater ids, in order of them.
	Since(ctx context.Context, after uuid.UUID, limit int) ([]audit.Entry, error)
	Find(ctx context.Context, id uuid.UUID) (audit.Entry, error)
}

// CorrectionsOf reads from package correction.
func CorrectionsOf(s *correction.Service) Corrections { return corrections{s} }

type corrections struct{ s *correction.Service }

func (c corrections) Since(ctx context.Context, seq uint64, limit int) ([]Correction, error) {
	list, err := c.s.AppliedSince(ctx, seq, limit)
	return store.All(list, correctionOf), err
}

func (c corrections) Find(ctx context.Context, id uuid.UUID) (Correction, error) {
	a, err := c.s.FindApplied(ctx, id)
	return correctionOf(&a), err
}

// correctionOf names the fields of a correction. The names and their order are part of the format.
func correctionOf(a *correction.CarriedOut) Correction {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return Correction{
		ID: a.ID, Org: a.Org, Series: a.Series, Withdraws: a.Kind == correction.Withdraw, At: a.At, Seq: uint64(a.LastSeq),
		Fields: []Field{{"record", "correction"}, {"id", a.ID.String()}, {"org", a.Org.String()}, {"series", a.Series.String()}, {"kind", string(a.Kind)},
			{"since", n(a.Since)}, {"until", n(a.Until)}, {"words", a.Words}, {"undoes", store.Word(a.Undoes)}, {"by", a.By}, {"at", n(a.At)}, {"basis", n(a.Basis)},
			{"rows", n(a.Rows)}, {"first-seq", n(a.FirstSeq)}, {"last-seq", n(a.LastSeq)}, {"first-commit", n(a.FirstCommit)}, {"last-commit", n(a.LastCommit)}},
	}
}

func (s *Service) takeCorrections(ctx context.Context) error {
	for s.o.Corrections != nil {
		at, err := cursor(ctx, s.o.DB, cursorCorrection)
		if err != nil {
			return err
		}
		list, err := s.o.Corrections.Since(ctx, number(at), recordsAtOnce)
		if err != nil {
			return fmt.Errorf("list corrections: %w", err)
		}
		if len(list) == 0 {
			return nil
		}
		var rows []recordRow
		for i := range list {
			c := &list[i]
			kind := evidence.KindCorrection
			if c.Withdraws {
				kind = evidence.KindWithdrawal
			}
			r, err := newRecord(c.ID, kind, c.Org, c.Series, c.At, Canonical(c.Fields))
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
		last := digits(list[len(list)-1].Seq)
		err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			return errors.Join(insertRecords(ctx, tx, rows), setCursor(ctx, tx, cursorCorrection, last))
		})
		if err != nil {
			return fmt.Errorf("write down corrections: %w", err)
		}
	}
	return nil
}

// AuditsOf reads the audit of a database.
func AuditsOf(db *store.DB) Audits { return audits{db} }

type audits struct{ db *store.DB }

func (a audits) Since(ctx context.Context, after uuid.UUID, limit int) ([]audit.Entry, error) {
	return audit.Since(ctx, a.db, auth.Everywhere(), after, limit)
}

func (a audits) Find(ctx context.Context, id uuid.UUID) (audit.Entry, error) {
	return audit.Find(ctx, a.db, auth.Everywhere(), id)
}

// auditFields names the fields of an entry. The names and their order are part of the format.
func auditFields(e *audit.Entry) []Field {
	return []Field{{"record", "audit"}, {"id", e.ID.String()}, {"time", strconv.FormatInt(e.Time.UnixNano(), 10)}, {"org", e.Org.String()},
		{"actor-kind", e.Actor.Kind}, {"actor", e.Actor.ID}, {"actor-name", e.Actor.Name}, {"via", e.Via}, {"verb", e.Verb},
		{"object-kind", e.Object.Kind}, {"object", e.Object.ID}, {"object-name", e.Object.Name}, {"before", string(e.Before)}, {"after", string(e.After)},
		{"reason", e.Reason}, {"remote", e.Remote}, {"trace", e.Trace}}
}

// auditOverlap is how far back the audit is looked at again: a transaction that takes long commits an entry with an id that
// is older than those of others.
const auditOverlap = time.Hour

// takeAudits writes down entries of the audit that are no records yet. The first look of a life is at all of them.
func (s *Service) takeAudits(ctx context.Context) error {
	if s.o.Audits == nil {
		return nil
	}
	word, err := cursor(ctx, s.o.DB, cursorAudit)
	if err != nil {
		return err
	}
	last := store.ID(word)
	after := uuid.Nil
	if s.audited {
		after = earlier(last, auditOverlap)
	}
	for {
		list, err := s.o.Audits.Since(ctx, after, recordsAtOnce)
		if err != nil {
			return fmt.Errorf("list the audit: %w", err)
		}
		if len(list) == 0 {
			s.audited = true
			return nil
		}
		ids := make([]uuid.UUID, len(list))
		for i := range list {
			ids[i] = list[i].ID
		}
		after = ids[len(ids)-1]
		if err := s.writeAudits(ctx, list, ids, max(last.String(), after.String())); err != nil {
			return fmt.Errorf("write down the audit: %w", err)
		}
	}
}

func (s *Service) writeAudits(ctx context.Context, list []audit.Entry, ids []uuid.UUID, cursor string) error {
	var known []uuid.UUID
	if err := s.o.DB.NewSelect().Model((*recordRow)(nil)).Column("id").Where("id IN (?)", bun.List(store.Words(ids))).Scan(ctx, &known); err != nil {
		return store.Err(err)
	}
	have := make(map[uuid.UUID]bool, len(known))
	for _, id := range known {
		have[id] = true
	}
	var rows []recordRow
	for i := range list {
		e := &list[i]
		if have[e.ID] {
			continue
		}
		r, err := newRecord(e.ID, evidence.KindAudit, e.Org, e.ID, e.Time.UnixNano(), Canonical(auditFields(e)))
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		return errors.Join(insertRecords(ctx, tx, rows), setCursor(ctx, tx, cursorAudit, cursor))
	})
}

// earlier is the least UUIDv7 of a time before that of another one.
func earlier(id uuid.UUID, by time.Duration) (out uuid.UUID) {
	ms := binary.BigEndian.Uint64(id[:8]) >> 16
	ms -= min(ms, uint64(by.Milliseconds()))
	binary.BigEndian.PutUint64(out[:8], ms<<16)
	return out
}
