package seal

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/store"
)

// Kinds of leaves that this room adds to those of package evidence.
const (
	// KindShred is the leaf that tells that the secret of a series and month was destroyed.
	KindShred = "shred"
)

// Field is a named text of a record.
type Field struct{ Name, Text string }

// recordFormat begins the canonical bytes of a record.
const recordFormat = "jingwei-record/1"

// Canonical is the one sequence of bytes of a record: a line that names the format, then for each field a line with its name
// and the length of its text in bytes, the text, and the end of the line.
func Canonical(fields []Field) []byte {
	n := len(recordFormat) + 1
	for _, f := range fields {
		n += len(f.Name) + len(f.Text) + 24
	}
	b := append(make([]byte, 0, n), recordFormat+"\n"...)
	for _, f := range fields {
		b = append(append(b, f.Name...), ' ')
		b = append(strconv.AppendInt(b, int64(len(f.Text)), 10), '\n')
		b = append(append(b, f.Text...), '\n')
	}
	return b
}

// ParseRecord reads what Canonical wrote and nothing else.
func ParseRecord(b []byte) ([]Field, error) {
	rest, ok := strings.CutPrefix(string(b), recordFormat+"\n")
	if !ok {
		return nil, fmt.Errorf("it does not begin with %q", recordFormat)
	}
	var fields []Field
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		name, digits, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(digits)
		if err != nil || strconv.Itoa(n) != digits || n < 0 || name == "" || n >= len(after) || after[n] != '\n' {
			return nil, fmt.Errorf("the field %.60q behind %d others does not fit", line, len(fields))
		}
		fields = append(fields, Field{name, after[:n]})
		rest = after[n+1:]
	}
	return fields, nil
}

// CheckRecord computes the digest of a record again. e is the entry as Verify returned it.
func (b *Bundle) CheckRecord(payload []byte, e *evidence.Envelope) error {
	if _, err := ParseRecord(payload); err != nil {
		return fmt.Errorf("%w: the record: %w", evidence.ErrNotProved, err)
	}
	got, err := evidence.Salted(e.Algorithm, b.salt(), payload)
	if err != nil {
		return err
	}
	if string(got) != string(e.Digest) {
		return fmt.Errorf("%w: the record is not the %s of %s that was sealed: its salted hash is %x, entry %d has %x", evidence.ErrNotProved, e.Kind, e.Subject, got, b.Proof.Index, e.Digest)
	}
	return nil
}

// newRecord makes the row of a record that is to become a leaf.
func newRecord(id uuid.UUID, kind string, org, subject uuid.UUID, at int64, canonical []byte) (recordRow, error) {
	salt := randomSalt()
	digest, err := evidence.Salted(evidence.SHA256, salt, canonical)
	if err != nil {
		return recordRow{}, err
	}
	return recordRow{ID: id, Kind: kind, Org: org, Subject: subject, At: at, Digest: hex.EncodeToString(digest), Salt: hex.EncodeToString(salt[:]), Leaf: -1}, nil
}

// entry is what the log gets. Its public payload is the record's id, by which a later life knows it again.
func (r *recordRow) entry() ([]byte, error) {
	digest, err := hex.DecodeString(r.Digest)
	if err != nil {
		return nil, fmt.Errorf("record %s: its digest: %w", r.ID, err)
	}
	e := evidence.Envelope{Kind: r.Kind, Subject: r.Subject, Org: r.Org, CommitTime: r.At, Algorithm: evidence.SHA256, Digest: digest, Public: r.ID[:]}
	return e.Encode()
}

// recordsAtOnce bounds how many records are read or appended at once.
const recordsAtOnce = 500

// SealRecords puts corrections, facts, acts on agreements, what people say of figures, entries of the audit and whatever waits into the log.
func (s *Service) SealRecords(ctx context.Context) error {
	s.records.Lock()
	defer s.records.Unlock()
	return errors.Join(s.takeCorrections(ctx), s.takeFacts(ctx), s.takeAgreements(ctx), s.takeFigures(ctx), s.takeAudits(ctx), s.flush(ctx))
}

// flush appends the records that wait.
func (s *Service) flush(ctx context.Context) error {
	s.flushing.Lock() // two of them would append the same records
	defer s.flushing.Unlock()
	for {
		// What a flush before has appended and not noted must be known by now. Nobody else appends records.
		if err := s.catchUp(ctx); err != nil {
			return err
		}
		var rows []recordRow
		if err := s.o.DB.NewSelect().Model(&rows).Where("leaf = -1").OrderExpr("id").Limit(recordsAtOnce).Scan(ctx); err != nil {
			return fmt.Errorf("find records that wait: %w", store.Err(err))
		}
		if len(rows) == 0 {
			return nil
		}
		entries := make([][]byte, len(rows))
		for i := range rows {
			var err error
			if entries[i], err = rows[i].entry(); err != nil {
				return err
			}
		}
		if _, err := s.put(ctx, entries, func(n *noter, first uint64) error {
			for i := range rows {
				if err := n.record(rows[i].ID, first+uint64(i)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
}

// insertRecords writes records down; those that are there stay.
func insertRecords(ctx context.Context, tx bun.Tx, rows []recordRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (id) DO NOTHING").Exec(ctx)
	return err
}

// recordBundle proves the leaf of a record. Errors: store.ErrNotFound, ErrOpen, ErrSize.
func (s *Service) recordBundle(ctx context.Context, r *recordRow, size uint64) (*Bundle, error) {
	if r.Leaf < 0 {
		return nil, ErrPending.At("path.id", r.ID.String()).Header("Retry-After", "60")
	}
	salt, err := hex.DecodeString(r.Salt)
	if err != nil {
		return nil, fmt.Errorf("record %s: its salt: %w", r.ID, err)
	}
	b := &Bundle{Kind: r.Kind, Subject: r.Subject, Salt: salt}
	return b, s.prove(ctx, b, uint64(r.Leaf), size)
}

// payload is the canonical bytes of a record as the rooms have it today.
func (s *Service) payload(ctx context.Context, r *recordRow) ([]byte, error) {
	switch r.Kind {
	case evidence.KindCorrection, evidence.KindWithdrawal:
		if s.o.Corrections != nil {
			c, err := s.o.Corrections.Find(ctx, r.ID)
			return Canonical(c.fields()), err
		}
	case evidence.KindFact:
		if s.o.Facts != nil {
			f, err := s.o.Facts.Find(ctx, r.ID)
			return Canonical(f.Fields), err
		}
	case evidence.KindAgreement:
		if s.o.Agreements != nil {
			f, err := s.o.Agreements.Find(ctx, r.ID)
			return Canonical(f.Fields), err
		}
	case evidence.KindFigure:
		if s.o.Figures != nil {
			f, err := s.o.Figures.Find(ctx, r.ID)
			return Canonical(f.Fields), err
		}
	case evidence.KindAudit:
		if s.o.Audits != nil {
			a, err := s.o.Audits.Find(ctx, r.ID)
			return Canonical(auditFields(&a)), err
		}
	}
	return base64.StdEncoding.DecodeString(r.Payload)
}

func (s *Service) findRecord(ctx context.Context, id uuid.UUID) (r recordRow, err error) {
	err = store.Err(s.o.DB.NewSelect().Model(&r).Where("r.id = ?", id).Scan(ctx))
	return r, err
}
