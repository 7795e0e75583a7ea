package figure

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

type populationRow struct {
	bun.BaseModel `bun:"table:figure_population,alias:p"`

	Hash     string `bun:"hash,pk"`
	Keeper   uuid.UUID
	Scope    string
	Filter   string
	Day      string
	Members  int64
	Doubles  int64
	Unplaced int64
	Body     []byte
	At       int64
}

// Population is the one with a hash. Errors: store.ErrNotFound, ErrDamaged.
func (s *Store) Population(ctx context.Context, db bun.IDB, hash Hash) (*Population, error) {
	b, err := s.populationBytes(ctx, db, hash)
	if err != nil {
		return nil, err
	}
	return DecodePopulation(b)
}

// populationBytes are the canonical bytes of the one with a hash. Errors: store.ErrNotFound, ErrDamaged.
func (s *Store) populationBytes(ctx context.Context, db bun.IDB, hash Hash) ([]byte, error) {
	var r populationRow
	if err := db.NewSelect().Model(&r).Where("p.hash = ?", hash.String()).Scan(ctx); err != nil {
		return nil, wrap("population "+hash.String(), err)
	}
	b, err := takeSized(r.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: population %s: %w", ErrDamaged, hash, err)
	}
	if Sum(b) != hash {
		return nil, fmt.Errorf("%w: population %s has the bytes of %s", ErrDamaged, hash, Sum(b))
	}
	return b, nil
}

// brief is a population without its members, and how many there are. Error: store.ErrNotFound.
func (s *Store) brief(ctx context.Context, db bun.IDB, hash Hash) (p Population, members int64, err error) {
	var r populationRow
	if err := db.NewSelect().Model(&r).ExcludeColumn("body").Where("p.hash = ?", hash.String()).Scan(ctx); err != nil {
		return p, 0, wrap("population "+hash.String(), err)
	}
	return Population{Keeper: r.Keeper, Scope: r.Scope, Filter: r.Filter, Day: r.Day, Doubles: int(r.Doubles), Unplaced: int(r.Unplaced)}, r.Members, nil
}

// putPopulation writes a population that is not there yet.
func (s *Store) putPopulation(ctx context.Context, tx bun.IDB, hash Hash, p *Population, at int64) error {
	n, err := tx.NewSelect().Model((*populationRow)(nil)).Where("p.hash = ?", hash.String()).Count(ctx)
	if err != nil || n > 0 {
		return wrap("look up a population", err)
	}
	r := populationRow{Hash: hash.String(), Keeper: p.Keeper, Scope: p.Scope, Filter: p.Filter, Day: p.Day, Members: int64(len(p.Members)), Doubles: int64(p.Doubles), Unplaced: int64(p.Unplaced), Body: appendSized(p.Encode()), At: at}
	_, err = tx.NewInsert().Model(&r).On("CONFLICT (hash) DO NOTHING").Exec(ctx)
	return wrap("write a population", err)
}
