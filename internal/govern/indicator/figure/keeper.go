package figure

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Keeper is what an organisation has figures of: the enterprises of its registers in a division, and what the policies that it has
// adopted want.
type Keeper struct {
	Org     uuid.UUID
	Version int64    // from 1; 0 before anything was said
	Scope   string   // GB/T 2260; "" for wherever its enterprises lie
	Adopted []string // ids of policies, ascending
	Reason  string
	By      audit.Actor
	At      int64 // commit, ns since 1970
}

type keeperRow struct {
	bun.BaseModel `bun:"table:figure_keeper,alias:k"`

	Org     uuid.UUID `bun:"org,pk"`
	Version int64     `bun:"version,pk"`
	Scope   string
	Adopted string
	Reason  string
	Actor   string
	At      int64
}

func (r *keeperRow) keeper() (Keeper, error) {
	adopted, err := decode[[]string](r.Adopted)
	if err != nil {
		return Keeper{}, fmt.Errorf("%w: policies of %s: %w", ErrDamaged, r.Org, err)
	}
	by, err := decode[audit.Actor](r.Actor)
	return Keeper{r.Org, r.Version, r.Scope, adopted, r.Reason, by, r.At}, err
}

func keepers(rows []keeperRow) ([]Keeper, error) {
	out := make([]Keeper, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].keeper(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Keeper is what held of an organisation at a commit. One that has said nothing has version 0, keeps figures of all its register lists,
// and has adopted nothing.
func (s *Store) Keeper(ctx context.Context, db bun.IDB, org uuid.UUID, asOf int64) (Keeper, error) {
	var rows []keeperRow
	q := db.NewSelect().Model(&rows).Where("k.org = ?", org).OrderExpr("k.version DESC").Limit(1)
	if asOf != Now {
		q = q.Where("k.at <= ?", asOf)
	}
	if err := q.Scan(ctx); err != nil {
		return Keeper{}, wrap("keeper "+org.String(), err)
	}
	list, err := keepers(rows)
	if err != nil || len(list) == 0 {
		return Keeper{Org: org}, err
	}
	return list[0], nil
}

// Keepers are all organisations that keep figures on this node, as they are now.
func (s *Store) Keepers(ctx context.Context, db bun.IDB) ([]Keeper, error) {
	var rows []keeperRow
	newest := db.NewSelect().TableExpr("figure_keeper AS n").ColumnExpr("MAX(n.version)").Where("n.org = k.org")
	if err := db.NewSelect().Model(&rows).Where("k.version = (?)", newest).OrderExpr("k.org").Scan(ctx); err != nil {
		return nil, wrap("list keepers", err)
	}
	return keepers(rows)
}

// KeeperVersions are all versions of what an organisation has figures of, the newest first.
func (s *Store) KeeperVersions(ctx context.Context, db bun.IDB, org uuid.UUID) ([]Keeper, error) {
	var rows []keeperRow
	if err := db.NewSelect().Model(&rows).Where("k.org = ?", org).OrderExpr("k.version DESC").Limit(store.MaxLimit).Scan(ctx); err != nil {
		return nil, wrap("list versions of a keeper", err)
	}
	return keepers(rows)
}

var divisionForm = regexp.MustCompile(`^[1-9][0-9]{5}$`)

// NewKeeper is what an organisation is to have figures of.
type NewKeeper struct {
	Basis   int64    `json:"basis" minimum:"0" doc:"The version that you saw; 0 for the first"`
	Scope   string   `json:"scope" maxLength:"6" doc:"Division (GB/T 2260), or empty for wherever the enterprises of the register lie"`
	Adopted []string `json:"adopted" maxItems:"1000" nullable:"false" doc:"Policies whose targets are worked out, by id"`
	Reason  string   `json:"reason" maxLength:"2000"`
}

// SetKeeper says what an organisation has figures of. Everything is worked out again afterwards. Errors: ErrScope, ErrPolicy, ErrReason,
// ErrChanged.
func (s *Service) SetKeeper(ctx context.Context, org uuid.UUID, in NewKeeper) (k Keeper, err error) {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return k, err
	}
	if in.Scope != "" && !divisionForm.MatchString(in.Scope) {
		return k, ErrScope.At("body.scope", in.Scope)
	}
	if err := checkReason(in.Reason); err != nil {
		return k, err
	}
	known := s.policies()
	for i, id := range in.Adopted {
		if !slices.Contains(known, id) {
			return k, ErrPolicy.At(fmt.Sprintf("body.adopted[%d]", i), id).With("policies", strings.Join(known, ", "))
		}
	}
	k = Keeper{Org: org, Version: in.Basis + 1, Scope: in.Scope, Adopted: slices.Compact(slices.Sorted(slices.Values(in.Adopted))), Reason: in.Reason}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		old, err := s.store.Keeper(ctx, tx, org, Now)
		if err != nil {
			return err
		}
		if old.Version != in.Basis {
			return ErrChanged.At("body.basis", in.Basis).With("revision", old.Version)
		}
		if k.At, err = s.store.tick(ctx, tx, s.o.Now()); err != nil {
			return err
		}
		e := scope.Act(ctx, s.o.Now(), "figure.keeper.set", audit.Object{Kind: "figure.keeper", ID: org.String()}, keeperState(&old), keeperState(&k))
		e.Reason, k.By = in.Reason, e.Actor
		r := keeperRow{Org: org, Version: k.Version, Scope: k.Scope, Adopted: encode(append([]string{}, k.Adopted...)), Reason: k.Reason, Actor: encode(k.By), At: k.At}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return wrap("write what a keeper has figures of", err)
		}
		if err := s.store.Mark(ctx, tx, Dirty{Keeper: org}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, e)
	})
	return k, err
}

func keeperState(k *Keeper) any {
	return map[string]any{"version": k.Version, "scope": k.Scope, "adopted": k.Adopted}
}

// policies are those of the packs, by id.
func (s *Service) policies() (out []string) {
	for _, p := range s.o.Library.Policies() {
		out = append(out, p.ID)
	}
	return out
}
