package twin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/store"
)

// KindTwins is the kind of the leaves of the evidence log that hold commits of this room.
const KindTwins = "twins"

const proofFormat = "jingwei-twin-proof/1"

// Proof is all that is needed, beside the node's public key, to see that a version was committed. As a file it is one JSON object.
type Proof struct {
	Version []byte      // canonical bytes: a JSON list whose last item is the SHA-256 of the content (docs/twins.md)
	Group   group.Proof // of these among the versions of the commit, and of the commit in the log
}

// Encode returns the proof as a file.
func (p Proof) Encode() ([]byte, error) {
	inner, err := p.Group.Encode()
	if err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(map[string]any{"format": proofFormat, "version": p.Version, "group": json.RawMessage(inner)}, "", "  ")
	return append(b, '\n'), err
}

// namedRow is a version with what it is of.
type namedRow struct {
	versionRow
	Kind Kind
	ID   string `bun:"id"`
}

// canonical is what is proved of a version: a JSON list (docs/twins.md).
func (r *namedRow) canonical() ([]byte, error) {
	content := sha256.Sum256([]byte(r.Content))
	return json.Marshal([]any{"twin", r.Org.String(), r.Kind, r.ID, r.Number, r.Act, r.At, r.Actor, r.Reason, hex.EncodeToString(content[:])})
}

// recordsOf puts the versions of a commit, each of another thing, in the order of their group and returns their canonical bytes.
func recordsOf(rows []namedRow) ([][]byte, error) {
	slices.SortFunc(rows, func(a, b namedRow) int { return bytes.Compare(a.Item[:], b.Item[:]) })
	out := make([][]byte, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].canonical(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// bind takes down the versions of the commit for the evidence log.
func (c *committing) bind(ctx context.Context, changes []Change, versions []versionRow) error {
	if c.s.o.Book == nil {
		return nil
	}
	rows := make([]namedRow, len(versions))
	for i, v := range versions {
		rows[i] = namedRow{v, changes[i].Kind, changes[i].ID}
	}
	records, err := recordsOf(rows)
	if err != nil {
		return err
	}
	return c.s.o.Book.Put(ctx, c.tx, KindTwins, c.number, c.at, records)
}

// Prove proves one version of a thing of the scope. Errors: store.ErrNotFound, also where nothing is proved; ErrUnproved before a
// signed checkpoint covers it; group.ErrChanged.
func (s *Service) Prove(ctx context.Context, scope auth.Scope, kind Kind, id string, number int64) (Proof, error) {
	p, err := s.proofOf(ctx, scope, kind, id, number)
	if errors.Is(err, group.ErrOpen) {
		return Proof{}, ErrUnproved.At("query.document", clip(id)).Because(err)
	}
	if err != nil {
		return Proof{}, fmt.Errorf("prove version %d of %s: %w", number, clip(id), err)
	}
	return p, nil
}

func (s *Service) proofOf(ctx context.Context, scope auth.Scope, kind Kind, id string, number int64) (Proof, error) {
	var v versionRow
	q := s.o.DB.NewSelect().Model(&v).Join("JOIN twin_item AS i ON i.item = v.item").Where("i.kind = ? AND i.digest = ? AND v.number = ?", kind, digest(id), number)
	if err := scope.Where(q, "i.org").Scan(ctx); err != nil {
		return Proof{}, store.Err(err)
	}
	if s.o.Book == nil {
		return Proof{}, store.ErrNotFound
	}
	var rows []namedRow
	q = s.o.DB.NewSelect().Model(&rows).ModelTableExpr("twin_version AS v").ColumnExpr("v.*, i.kind, i.id").
		Join("JOIN twin_item AS i ON i.item = v.item").Where("v.commit_number = ?", v.CommitNumber)
	if err := scope.Where(q, "v.org").Scan(ctx); err != nil {
		return Proof{}, store.Err(err)
	}
	records, err := recordsOf(rows)
	if err != nil {
		return Proof{}, err
	}
	place := slices.IndexFunc(rows, func(r namedRow) bool { return r.Item == v.Item && r.Number == v.Number })
	if place < 0 {
		return Proof{}, group.ErrChanged // between the two looks
	}
	p, err := s.o.Book.Prove(ctx, KindTwins, v.CommitNumber, records, place)
	return Proof{Version: records[place], Group: p}, err
}
