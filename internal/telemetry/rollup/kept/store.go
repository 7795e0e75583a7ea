package kept

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

type stateRow struct {
	bun.BaseModel `bun:"table:rollup_state"`

	Name  string `bun:"name,pk"`
	Value int64
}

type seriesRow struct {
	bun.BaseModel `bun:"table:rollup_series"`

	Series uuid.UUID `bun:"series,pk"`
	Print  string
}

type todoRow struct {
	bun.BaseModel `bun:"table:rollup_todo"`

	ID     string `bun:"id,pk"`
	Series uuid.UUID
	Since  int64
	Until  int64
	Cause  string
}

type settingRow struct {
	bun.BaseModel `bun:"table:rollup_setting"`

	ID      string `bun:"id,pk"`
	Org     uuid.UUID
	Series  uuid.UUID
	Kind    string
	Given   int64
	Modulus string
	MaxStep string
	Reason  string
	Actor   string
	Made    int64
}

type meterRow struct {
	bun.BaseModel `bun:"table:rollup_meter_change"`

	ID        uuid.UUID `bun:"id,pk"`
	Org       uuid.UUID
	Series    uuid.UUID
	At        int64
	Void      int64
	OldValue  string
	NewValue  string
	Reason    string
	Reference string
	Actor     string
	Made      int64
}

func meterRowOf(m *MeterChange, series telemetry.Series) (*meterRow, error) {
	actor, err := json.Marshal(m.By)
	if err != nil {
		return nil, err
	}
	r := &meterRow{ID: m.ID, Org: series.Org, Series: series.ID, At: m.At, Void: flag(m.Void), Reason: m.Reason, Reference: m.Reference, Actor: string(actor), Made: m.Made}
	if !m.Void {
		r.OldValue, r.NewValue = readingText(m.Old), readingText(m.New)
	}
	return r, nil
}

// loadSettings reads what was said of counters, meters and states.
func (s *Service) loadSettings(ctx context.Context) error {
	s.settings = map[uuid.UUID]*settings{}
	var said []settingRow
	var meters []meterRow
	err := s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		said, meters = nil, nil
		if err := tx.NewSelect().Model(&said).OrderExpr("id").Scan(ctx); err != nil {
			return err
		}
		return tx.NewSelect().Model(&meters).OrderExpr("id").Scan(ctx)
	})
	if err != nil {
		return fmt.Errorf("load what is said of counters: %w", store.Err(err))
	}
	for _, r := range said {
		x := setting{made: r.Made, given: r.Given != 0, reason: r.Reason}
		var err [3]error
		x.modulus, err[0] = strconv.ParseFloat(r.Modulus, 64)
		x.maxStep, err[1] = strconv.ParseFloat(r.MaxStep, 64)
		err[2] = json.Unmarshal([]byte(r.Actor), &x.by)
		for _, err := range err {
			if err != nil {
				return fmt.Errorf("what is said of series %s: %w", r.Series, err)
			}
		}
		k := s.setting(r.Series)
		if r.Kind == "counter" {
			k.counter = append(k.counter, x)
		} else {
			k.states = append(k.states, x)
		}
	}
	for _, r := range meters {
		m := MeterChange{ID: r.ID, At: r.At, Void: r.Void != 0, Reason: r.Reason, Reference: r.Reference, Made: r.Made}
		if err := json.Unmarshal([]byte(r.Actor), &m.By); err != nil {
			return fmt.Errorf("change of a meter %s: %w", r.ID, err)
		}
		if !m.Void {
			ref, ok := s.o.Store.Lookup(r.Series)
			series, ok2 := s.o.Store.Series(ref)
			if !ok || !ok2 {
				continue // of a series that the catalogue does not have: nothing can be rolled up
			}
			var fine, fine2 bool
			m.Old, fine = parseReading(series.Type, r.OldValue)
			if m.New, fine2 = parseReading(series.Type, r.NewValue); !fine || !fine2 {
				return fmt.Errorf("change of a meter %s: its readings %q and %q", r.ID, r.OldValue, r.NewValue)
			}
		}
		k := s.setting(r.Series)
		k.meters = append(k.meters, m)
	}
	return nil
}

func (s *Service) loadState(ctx context.Context) error {
	var rows []stateRow
	if err := s.o.DB.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return fmt.Errorf("load how far roll-ups are: %w", store.Err(err))
	}
	for _, r := range rows {
		switch r.Name {
		case "cursor":
			s.state.cursor = uint64(r.Value)
		case "clock":
			s.state.clock = r.Value
		}
	}
	return nil
}

// saveState writes down how far the work is, and that what was written down to be done is done.
func (s *Service) saveState(ctx context.Context, k *state, todos []string) error {
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for len(todos) > 0 {
			n := min(len(todos), 500)
			if _, err := tx.NewDelete().Model((*todoRow)(nil)).Where("id IN (?)", bun.List(todos[:n])).Exec(ctx); err != nil {
				return err
			}
			todos = todos[n:]
		}
		if err := put(ctx, tx, "cursor", int64(min(k.cursor, math.MaxInt64))); err != nil {
			return err
		}
		return put(ctx, tx, "clock", k.clock)
	})
	if err != nil {
		return fmt.Errorf("write down how far roll-ups are: %w", store.Err(err))
	}
	return nil
}

func put(ctx context.Context, tx bun.Tx, name string, value int64) error {
	_, err := tx.NewInsert().Model(&stateRow{Name: name, Value: value}).On("CONFLICT (name) DO UPDATE").Set("value = EXCLUDED.value").Exec(ctx)
	return err
}

// loadTodos reads what was written down to be made anew.
func (s *Service) loadTodos(ctx context.Context) error {
	var rows []todoRow
	if err := s.o.DB.NewSelect().Model(&rows).OrderExpr("id").Scan(ctx); err != nil {
		return fmt.Errorf("load what is to be rolled up again: %w", store.Err(err))
	}
	for i := range rows {
		s.takeTodo(&rows[i])
	}
	return nil
}

// takeTodo notes work that was written down.
func (s *Service) takeTodo(t *todoRow) {
	if ref, ok := s.o.Store.Lookup(t.Series); ok {
		s.dirty.add(ref, stretch{t.Since, t.Until, Cause(t.Cause)}, s.o.Now().UnixNano())
	}
	s.giveTodos([]string{t.ID})
}

func (s *Service) giveTodos(ids []string) {
	s.checkMu.Lock()
	defer s.checkMu.Unlock()
	for _, id := range ids {
		s.todos[id] = struct{}{}
	}
}

// takeTodos must be called before dirty.take: what is noted in between is done once more, not once less.
func (s *Service) takeTodos() []string {
	s.checkMu.Lock()
	defer s.checkMu.Unlock()
	ids := slices.Collect(maps.Keys(s.todos))
	clear(s.todos)
	return ids
}
