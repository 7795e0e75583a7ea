package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/connect/driver"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Connect says that a machine is read through a link, as a unit behind it, from now on.
// Errors: ErrOtherOrg, ErrFed, ErrUnit, ErrPoints (or problem.Invalid with several), store.ErrNotFound.
func (s *Service) Connect(ctx context.Context, machine, link uuid.UUID, unit string) (Connection, error) {
	l, scope, err := s.ownLink(ctx, link)
	if err != nil {
		return Connection{}, err
	}
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Connection{}, err
	}
	org, err := s.o.Plant.Owner(ctx, visible, machine)
	if err != nil {
		return Connection{}, err
	}
	if org != l.Org {
		return Connection{}, ErrOtherOrg.At("body.link", link.String())
	}
	if err := checkUnit(unit); err != nil {
		return Connection{}, err
	}
	if s.o.Fed != nil {
		fed, err := s.o.Fed(ctx, machine)
		if err != nil {
			return Connection{}, err
		}
		if fed {
			return Connection{}, ErrFed
		}
	}
	points, err := s.o.Plant.Points(ctx, scope, machine)
	if err != nil {
		return Connection{}, err
	}
	if err := s.checkPoints(&l, unit, points); err != nil {
		return Connection{}, err
	}
	now := s.o.Now().UnixNano()
	c := Connection{Machine: machine, Org: org, Link: link, Unit: unit, From: now, To: store.Forever}
	var left []uuid.UUID
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		left = left[:0]
		old, err := machineConnection(ctx, tx, scope, machine, now)
		if err == nil {
			left = append(left, old.Link)
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if old.Link == link && old.Unit == unit {
			c = old
			return nil
		}
		if err := endConnections(ctx, tx, now, "machine = ?", machine); err != nil {
			return err
		}
		r := connectionRow{Machine: machine, Since: now, Until: store.Forever, Org: org, Link: link, Unit: unit}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.connection.set", audit.Object{Kind: "plant.machine", ID: machine.String()}, stateOf(old), stateOf(c))
	})
	if err != nil {
		return Connection{}, fmt.Errorf("connect machine %s: %w", machine, err)
	}
	s.touchLinks(ctx, scope, append(left, link)...)
	return c, nil
}

// Disconnect ends a machine's connection. Error: store.ErrNotFound when there is none.
func (s *Service) Disconnect(ctx context.Context, machine uuid.UUID) error {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return err
	}
	now := s.o.Now().UnixNano()
	old, err := machineConnection(ctx, s.o.DB, visible, machine, now)
	if err != nil {
		return err
	}
	scope, err := auth.Allow(ctx, auth.Configure, old.Org)
	if err != nil {
		return err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := endConnections(ctx, tx, now, "machine = ?", machine); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.connection.end", audit.Object{Kind: "plant.machine", ID: machine.String()}, stateOf(old), nil)
	})
	if err != nil {
		return fmt.Errorf("disconnect machine %s: %w", machine, err)
	}
	s.touchLinks(ctx, scope, old.Link)
	return nil
}

// Connection is how a machine that the caller may see is read now. Error: store.ErrNotFound.
func (s *Service) Connection(ctx context.Context, machine uuid.UUID) (Connection, error) {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Connection{}, err
	}
	return machineConnection(ctx, s.o.DB, visible, machine, s.o.Now().UnixNano())
}

// Connected tells whether a machine is read through a link now, whoever asks: a room of this node that must not read it
// a second time.
func (s *Service) Connected(ctx context.Context, machine uuid.UUID) (bool, error) {
	_, err := machineConnection(ctx, s.o.DB, auth.Everywhere(), machine, s.o.Now().UnixNano())
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// checkPoints asks the driver whether it can read the points.
func (s *Service) checkPoints(l *Link, unit string, points []Point) error {
	drv := s.o.Drivers[l.Driver]
	if drv == nil {
		return ErrDriver.At("body.link", l.ID.String()).With("drivers", strings.Join(slices.Sorted(maps.Keys(s.o.Drivers)), ", "))
	}
	ready := make([]driver.Point, len(points))
	for i := range points {
		p := points[i].Point
		p.Unit = unit
		ready[i] = p.Driver(uint32(i))
	}
	var faults []*problem.Error
	for i, err := range drv.Check(l.Config, ready) {
		if err == nil || i >= len(points) {
			continue
		}
		reason := text.Text{Zh: err.Error(), En: err.Error()}
		var f *driver.FieldError
		where, value := "body.link", ""
		if errors.As(err, &f) {
			reason, value = f.Text, f.Value
			if f.Field == "unit" {
				where = "body.unit"
			}
		}
		if faults = append(faults, ErrPoints.At(where, value).With("key", points[i].Key).With("reason", reason)); len(faults) == 20 {
			break
		}
	}
	return problem.All(faults...)
}

// touchLinks looks again at the gateways of links.
func (s *Service) touchLinks(ctx context.Context, scope auth.Scope, links ...uuid.UUID) {
	for _, id := range links {
		if l, err := findLink(ctx, s.o.DB, scope, id); err == nil {
			s.poke(l.Gateway)
		}
	}
}

func stateOf(c Connection) any {
	if c.Link == uuid.Nil {
		return nil
	}
	return map[string]any{"link": c.Link, "unit": c.Unit}
}
