package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/group"
)

// KindIdentifiers is the kind of the leaves of the evidence log that hold commits of this room.
const KindIdentifiers = "identifiers"

const (
	proofFormat = "jingwei-identifier-proof/1"
	maxProof    = evidence.MaxProofFile + 8<<20
)

// Proof is all that is needed, beside the node's public key, to see that a version of an identifier was committed. As a file it is one JSON
// object.
type Proof struct {
	Format  string      `json:"format"`
	Version []byte      `json:"version"` // canonical bytes (Version.Canonical)
	Group   group.Proof `json:"group"`   // of these among the versions of the commit, and of the commit in the log
}

// Encode returns the proof as a file.
func (p Proof) Encode() ([]byte, error) {
	p.Format = proofFormat
	inner, err := p.Group.Encode()
	if err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(map[string]any{"format": p.Format, "version": p.Version, "group": json.RawMessage(inner)}, "", "  ")
	return append(b, '\n'), err
}

// ParseProof reads a proof file and checks its form alone.
func ParseProof(b []byte) (*Proof, error) {
	if len(b) > maxProof {
		return nil, fmt.Errorf("the proof has %d bytes, at most %d are read", len(b), maxProof)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var p struct {
		Format  string          `json:"format"`
		Version []byte          `json:"version"`
		Group   json.RawMessage `json:"group"`
	}
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("the proof: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("the proof: something stands behind its end")
	}
	if p.Format != proofFormat {
		return nil, fmt.Errorf("the proof: format %.60q is not known; this program reads %q", p.Format, proofFormat)
	}
	inner, err := group.ParseProof(p.Group)
	return &Proof{p.Format, p.Version, inner}, err
}

// Verify checks that the version is in a commit, and the commit in the log of the keys. Errors: evidence.ErrNotProved.
func (p *Proof) Verify(origin string, keys ...evidence.Verifier) (evidence.Checkpoint, error) {
	_, c, err := p.Group.Verify(p.Version, KindIdentifiers, origin, keys...)
	return c, err
}

// Prove proves a version; 0 is the newest of the name. A proof shows all values, so it is for those who may change them. Errors:
// ErrIdentifier, ErrPrefix, ErrUnproved.
func (s *Service) Prove(ctx context.Context, name handle.Name, serial int64) (*Proof, error) {
	scope, _, err := s.prefixFor(ctx, auth.Operate, subject(name), "query.identifier")
	if err != nil {
		return nil, err
	}
	var rows []versionRow
	q := scope.Where(versions(s.o.DB, &rows).Where("v.ident_key = ?", handle.Fold(nil, []byte(name))), "p.org").OrderExpr("v.serial DESC").Limit(1)
	if serial != 0 {
		q = q.Where("v.serial = ?", serial)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, wrap("read a version", err)
	}
	if len(rows) == 0 {
		return nil, ErrIdentifier.At("query.identifier", string(name))
	}
	if s.o.Book == nil {
		return nil, ErrUnproved.At("query.identifier", string(name))
	}
	v := rows[0].version()
	var c commitRow
	if err := s.o.DB.NewSelect().Model(&c).Where("c.first <= ?", v.Serial).OrderExpr("c.first DESC").Limit(1).Scan(ctx); err != nil {
		return nil, wrap("find the commit of a version", err)
	}
	var all []versionRow // of other organisations too: the proof shows nothing of them
	if err := versions(s.o.DB, &all).Where("v.serial >= ? AND v.serial < ?", c.First, c.First+c.Versions).OrderExpr("v.serial").Scan(ctx); err != nil {
		return nil, wrap("read the versions of a commit", err)
	}
	records := make([][]byte, len(all))
	for i := range all {
		x := all[i].version()
		records[i] = x.Canonical()
	}
	p, err := s.o.Book.Prove(ctx, KindIdentifiers, c.Number, records, int(v.Serial-c.First))
	if errors.Is(err, group.ErrOpen) {
		return nil, ErrUnproved.At("query.identifier", string(name))
	}
	return &Proof{Version: v.Canonical(), Group: p}, err
}
