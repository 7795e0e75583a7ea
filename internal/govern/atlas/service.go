package atlas

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// maxSource bounds who gives a map out, in characters.
const maxSource = 100

// Options build a Service. All are required.
type Options struct {
	DB           *store.DB
	Arrangements []*Arrangement
	Now          func() time.Time
}

// Service keeps maps that organisations have loaded.
type Service struct{ o Options }

// New brings the table up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if err := store.MigrateRoom(ctx, o.DB, "atlas", migrations); err != nil {
		return nil, err
	}
	return &Service{o}, nil
}

// Arrangements are the tile grids, by region.
func (s *Service) Arrangements() []*Arrangement { return s.o.Arrangements }

// Map is a map that an organisation has loaded.
type Map struct {
	Org       uuid.UUID
	Region    string
	Review    string
	Source    string
	Divisions int
	SHA256    string // of the file, in hex
	At        int64  // ns
	By        audit.Actor
	Outlines  []Outline // only where one is asked for
}

func (r *mapRow) read(whole bool) (m Map, err error) {
	m = Map{Org: r.Org, Region: r.Region, Review: r.Review, Source: r.Source, Divisions: int(r.Divisions), SHA256: r.SHA256, At: r.At}
	if err = json.Unmarshal([]byte(r.Actor), &m.By); err == nil && whole {
		err = json.Unmarshal([]byte(r.Outlines), &m.Outlines)
	}
	return m, err
}

// Maps are those of an organisation, by region, without their outlines. Errors: those of auth.Allow.
func (s *Service) Maps(ctx context.Context, org uuid.UUID) ([]Map, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, err
	}
	var rows []mapRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&rows).ExcludeColumn("outlines"), "m.org").Order("m.region").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list maps: %w", err)
	}
	var out []Map
	for i := range rows {
		m, err := rows[i].read(false)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// Map is the one of a region. Errors: store.ErrNotFound and those of auth.Allow.
func (s *Service) Map(ctx context.Context, org uuid.UUID, region string) (Map, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return Map{}, err
	}
	var row mapRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&row), "m.org").Where("m.region = ?", region).Scan(ctx); err != nil {
		return Map{}, fmt.Errorf("map of %.10q: %w", region, store.Err(err))
	}
	return row.read(true)
}

// Loaded is a map that is handed in.
type Loaded struct {
	Org    uuid.UUID
	Region string
	Review string
	Source string
	File   []byte
}

// Load takes a map in the place of the one that an organisation has of the region. Errors: ErrRegion, ErrReview, ErrSource, ErrFile and those of
// auth.Allow.
func (s *Service) Load(ctx context.Context, in Loaded) (Map, error) {
	scope, err := auth.Allow(ctx, auth.Configure, in.Org)
	if err != nil {
		return Map{}, err
	}
	if !codeForm.MatchString(in.Region) || in.Region != China && !strings.HasSuffix(in.Region, "00") {
		return Map{}, ErrRegion.At("query.region", in.Region)
	}
	review, ok := Review(in.Review)
	if !ok {
		return Map{}, ErrReview.At("query.review", in.Review)
	}
	source := strings.TrimSpace(in.Source)
	if n := utf8.RuneCountInString(source); n == 0 || n > maxSource {
		return Map{}, ErrSource.At("query.source", in.Source).With("max", maxSource)
	}
	outlines, err := Read(in.File, in.Region)
	var fault *Fault
	if errors.As(err, &fault) {
		return Map{}, ErrFile.At("body", fault.Where).With("where", fault.Where).With("what", text.Text{Zh: fault.Zh, En: fault.En})
	}
	sum := sha256.Sum256(in.File)
	m := Map{Org: in.Org, Region: in.Region, Review: review, Source: source, Divisions: len(outlines), SHA256: hex.EncodeToString(sum[:]), At: s.o.Now().UnixNano(),
		By: auth.ActorOf(scope.Principal()), Outlines: outlines}
	shapes, err := json.Marshal(outlines)
	if err != nil {
		return Map{}, err
	}
	by, err := json.Marshal(m.By)
	if err != nil {
		return Map{}, err
	}
	row := mapRow{Org: m.Org, Region: m.Region, Review: m.Review, Source: m.Source, Outlines: string(shapes), Divisions: int64(m.Divisions), SHA256: m.SHA256, At: m.At, Actor: string(by)}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model(&row).WherePK().Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "atlas.map.load", m.Region, nil, map[string]string{"review": m.Review, "source": m.Source, "sha256": m.SHA256})
	})
	if err != nil {
		return Map{}, fmt.Errorf("load a map: %w", err)
	}
	return m, nil
}

// Remove takes a map away; the tiles remain. Errors: store.ErrNotFound and those of auth.Allow.
func (s *Service) Remove(ctx context.Context, org uuid.UUID, region string) error {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row mapRow
		if err := scope.Where(tx.NewSelect().Model(&row).ExcludeColumn("outlines"), "m.org").Where("m.region = ?", region).Scan(ctx); err != nil {
			return fmt.Errorf("map of %.10q: %w", region, store.Err(err))
		}
		if _, err := tx.NewDelete().Model(&row).WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "atlas.map.remove", region, map[string]string{"review": row.Review, "source": row.Source, "sha256": row.SHA256}, nil)
	})
}

func (s *Service) note(ctx context.Context, tx bun.Tx, scope auth.Scope, verb, region string, before, after any) error {
	return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), verb, audit.Object{Kind: "map", ID: region, Name: region}, before, after))
}
