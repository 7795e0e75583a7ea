package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/telemetry"
)

// volatile flags say how a sample stands to others, which a later commit may change. They are no part of a leaf.
const volatile = uint32(telemetry.Rival)

// salt is that of a day's leaf: HMAC-SHA256 of the day (4 bytes, two's complement) under the secret of series and month.
func salt(secret []byte, d Day) (s [evidence.SaltSize]byte) {
	h := hmac.New(sha256.New, secret)
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(d))
	h.Write(b[:])
	h.Sum(s[:0])
	return s
}

// leaf gathers the samples of a series and a commit day into the digest of its leaf.
type leaf struct {
	between telemetry.Between
	hash    hash.Hash
	w       *tuple.Writer
	row     tuple.Row
	rows    uint64
}

func newLeaf(between telemetry.Between, series uuid.UUID, d Day, salt [evidence.SaltSize]byte) (*leaf, error) {
	h, err := evidence.NewSalted(evidence.SHA256, salt)
	if err != nil {
		return nil, err
	}
	return &leaf{between: between, hash: h, w: tuple.NewWriter(h, tuple.Header{Series: series, Day: int32(d)})}, nil
}

// add takes the rows of a run that were committed on the day.
func (l *leaf) add(r *telemetry.Run) error {
	return rowsOf(r, l.between, &l.row, func(row *tuple.Row) error {
		l.rows++
		return l.w.Add(row)
	})
}

// digest ends the leaf. Without rows there is none.
func (l *leaf) digest() ([]byte, error) {
	if _, err := l.w.Close(); err != nil {
		return nil, err
	}
	return l.hash.Sum(nil), nil
}

// rowsOf calls yield with each canonical row of a run, in the run's order: that of source time, then revision, then commit.
// row is where they stand, one after the other.
func rowsOf(r *telemetry.Run, between telemetry.Between, row *tuple.Row, yield func(*tuple.Row) error) error {
	typ := tuple.Type(r.Type)
	if typ < tuple.Float64 || typ > tuple.String {
		return fmt.Errorf("value type %d is not known", r.Type)
	}
	width := between.Last - between.First
	for i, t := range r.Time {
		commit := uint64(r.Commit[i])
		if commit-between.First > width {
			continue
		}
		flags := r.Flags[i] &^ volatile
		*row = tuple.Row{Time: t, Commit: commit, Revision: r.Revision[i], Gateway: r.Gateway[i], Status: r.Status[i], Flags: uint16(flags), Origin: uint8(r.Origin[i])}
		switch {
		case telemetry.Flags(flags)&telemetry.NoValue != 0:
		case typ == tuple.String:
			row.Type, row.Text = typ, r.Text[i]
		default:
			row.Type, row.Bits = typ, r.Bits[i]
		}
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

// entryOf is what the log gets for a leaf of samples. Its commit time is the last of the day.
func entryOf(series, org uuid.UUID, d Day, digest []byte) ([]byte, error) {
	e := evidence.Envelope{Kind: evidence.KindSamples, Subject: series, Org: org, CommitTime: d.End() - 1, Algorithm: evidence.SHA256, Digest: digest}
	return e.Encode()
}
