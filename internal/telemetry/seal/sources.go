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
)

// Correction is one that was carried out, in plain values as its room wrote them down. Nothing of it changes any more.
type Correction struct {
	ID, Org, Series, Undoes uuid.UUID
	Kind                    string // as the room of corrections names it
	Withdraws               bool   // it takes samples away: the leaf is a withdrawal
	Since, Until            int64  // source times, half-open
	Words, By               string // JSON, to the byte
	At, Basis, Rows         int64
	FirstSeq, LastSeq       int64 // grow from correction to correction
	FirstCommit, LastCommit int64
}

// fields names what a correction says. The names and their order are part of the format.
func (c *Correction) fields() []Field {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return []Field{{"record", "correction"}, {"id", c.ID.String()}, {"org", c.Org.String()}, {"series", c.Series.String()}, {"kind", c.Kind},
		{"since", n(c.Since)}, {"until", n(c.Until)}, {"words", c.Words}, {"undoes", store.Word(c.Undoes)}, {"by", c.By}, {"at", n(c.At)}, {"basis", n(c.Basis)},
		{"rows", n(c.Rows)}, {"first-seq", n(c.FirstSeq)}, {"last-seq", n(c.LastSeq)}, {"first-commit", n(c.FirstCommit)}, {"last-commit", n(c.LastCommit)}}
}

// Corrections is the room of corrections.
type Corrections interface {
	// Since returns corrections that were carried out and have a greater LastSeq, in order of it.
	Since(ctx context.Context, seq uint64, limit int) ([]Correction, error)
	Find(ctx context.Context, id uuid.UUID) (Correction, error)
}

// Audits is the audit.
type Audits interface {
	// Since returns entries with greater ids, in order of them.
	Since(ctx context.Context, after uuid.UUID, limit int) ([]audit.Entry, error)
	Find(ctx context.Context, id uuid.UUID) (audit.Entry, error)
}

// Fact is a revision of a business fact, as its room wrote it down. Nothing of it changes any more.
type Fact struct {
	ID, Subject, Org uuid.UUID // of the revision, of the fact
	Commit           uint64
	At               int64 // commit time, ns
	Fields           []Field
}

// Facts is the room of business facts.
type Facts interface {
	// Since returns revisions with greater commit numbers, in order of them. None with a smaller one comes later.
	Since(ctx context.Context, commit uint64, limit int) ([]Fact, error)
	Find(ctx context.Context, id uuid.UUID) (Fact, error)
}

func (s *Service) takeCorrections(ctx context.Context) error {
	if s.o.Corrections == nil {
		return nil
	}
	return take(ctx, s, cursorCorrection, s.o.Corrections.Since, func(c *Correction) (recordRow, uint64, error) {
		kind := evidence.KindCorrection
		if c.Withdraws {
			kind = evidence.KindWithdrawal
		}
		r, err := newRecord(c.ID, kind, c.Org, c.Series, c.At, Canonical(c.fields()))
		return r, uint64(c.LastSeq), err
	})
}

func (s *Service) takeFacts(ctx context.Context) error {
	if s.o.Facts == nil {
		return nil
	}
	return take(ctx, s, cursorFact, s.o.Facts.Since, func(f *Fact) (recordRow, uint64, error) {
		r, err := newRecord(f.ID, evidence.KindFact, f.Org, f.Subject, f.At, Canonical(f.Fields))
		return r, f.Commit, err
	})
}

func (s *Service) takeAgreements(ctx context.Context) error {
	if s.o.Agreements == nil {
		return nil
	}
	return take(ctx, s, cursorAgreement, s.o.Agreements.Since, func(f *Fact) (recordRow, uint64, error) {
		r, err := newRecord(f.ID, evidence.KindAgreement, f.Org, f.Subject, f.At, Canonical(f.Fields))
		return r, f.Commit, err
	})
}

func (s *Service) takeFigures(ctx context.Context) error {
	if s.o.Figures == nil {
		return nil
	}
	return take(ctx, s, cursorFigure, s.o.Figures.Since, func(f *Fact) (recordRow, uint64, error) {
		r, err := newRecord(f.ID, evidence.KindFigure, f.Org, f.Subject, f.At, Canonical(f.Fields))
		return r, f.Commit, err
	})
}

// take writes down what another room has since the cursor, which is a number that grows. record makes one of them a record,
// and tells its number.
func take[T any](ctx context.Context, s *Service, name string, since func(context.Context, uint64, int) ([]T, error), record func(*T) (recordRow, uint64, error)) error {
	for {
		at, err := cursor(ctx, s.o.DB, name)
		if err != nil {
			return err
		}
		list, err := since(ctx, number(at), recordsAtOnce)
		if err != nil {
			return fmt.Errorf("list what %s has for the log: %w", name, err)
		}
		if len(list) == 0 {
			return nil
		}
		rows, last := make([]recordRow, len(list)), uint64(0)
		for i := range list {
			if rows[i], last, err = record(&list[i]); err != nil {
				return err
			}
		}
		err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			return errors.Join(insertRecords(ctx, tx, rows), setCursor(ctx, tx, name, digits(last)))
		})
		if err != nil {
			return fmt.Errorf("write down what %s has for the log: %w", name, err)
		}
	}
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
