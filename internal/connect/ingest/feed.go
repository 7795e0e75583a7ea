package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// SetFeed says that a machine is fed by a device of a source from now on. Errors: ErrOtherOrg, ErrDevice, ErrConnected,
// ErrFeedTaken, store.ErrNotFound.
func (s *Service) SetFeed(ctx context.Context, machine, source uuid.UUID, device string) (Feed, error) {
	in, scope, err := s.own(ctx, source)
	if err != nil {
		return Feed{}, err
	}
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Feed{}, err
	}
	org, err := s.o.Plant.Owner(ctx, visible, machine)
	if err != nil {
		return Feed{}, err
	}
	if org != in.source().Org {
		return Feed{}, ErrOtherOrg.At("body.source", source.String())
	}
	if why := badDevice(device); why != "" {
		return Feed{}, ErrDevice.At("body.device", device).With("reason", why)
	}
	if s.o.Connected != nil {
		connected, err := s.o.Connected(ctx, machine)
		if err != nil {
			return Feed{}, err
		}
		if connected {
			return Feed{}, ErrConnected.At("path.id", machine.String())
		}
	}
	in.adopting.Lock()
	defer in.adopting.Unlock()
	f, err := s.feed(ctx, scope, in, Feed{Machine: machine, Org: org, Source: source, Device: device})
	if err == nil {
		in.look(ctx, device)
	}
	return f, err
}

// look reads anew where a device's metrics go, if it has been heard of.
func (in *inlet) look(ctx context.Context, device string) {
	in.mu.RLock()
	d := in.devices[device]
	in.mu.RUnlock()
	if d != nil {
		in.rebind(ctx, d)
	}
	in.touch()
}

// feed begins a feed now. The caller holds in.adopting and lets the device's metrics be looked up again.
func (s *Service) feed(ctx context.Context, scope auth.Scope, in *inlet, f Feed) (Feed, error) {
	f.From, f.To = s.now(), store.Forever
	var old Feed
	same := false
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var err error
		old, err = machineFeed(ctx, tx, scope, f.Machine, f.From)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if same = err == nil && old.Source == f.Source && old.Device == f.Device; same {
			return nil
		}
		if _, err := findSource(ctx, tx, scope, f.Source); err != nil {
			return err
		}
		var others []feedRow
		if err := tx.NewSelect().Model(&others).Where("f.source = ? AND f.device = ? AND f.until > ?", f.Source, f.Device, f.From).Scan(ctx); err != nil {
			return err
		}
		if len(others) > 0 {
			return ErrFeedTaken.At("body.device", f.Device).With("device", f.Device).With("machine", others[0].Machine.String())
		}
		if err := endFeeds(ctx, tx, f.From, "machine = ?", f.Machine); err != nil {
			return err
		}
		r := feedRow{Machine: f.Machine, Since: f.From, Until: f.To, Org: f.Org, Source: f.Source, Device: f.Device}
		if f.Grows {
			r.Grows = 1
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "ingest.feed.set", audit.Object{Kind: "plant.machine", ID: f.Machine.String()}, feedState(old), feedState(f))
	})
	if err != nil {
		return Feed{}, fmt.Errorf("feed machine %s: %w", f.Machine, err)
	}
	if same {
		return old, nil
	}
	if old.Source != uuid.Nil {
		if was := s.inlet(old.Source); was != nil {
			was.unfeed(ctx, old.Device)
		}
	}
	in.mu.Lock()
	in.feeds[f.Device] = f
	in.mu.Unlock()
	return f, nil
}

// taken tells which machine a device feeds.
func (in *inlet) taken(device string) error {
	in.mu.RLock()
	defer in.mu.RUnlock()
	return ErrFeedTaken.At("body.device", device).With("device", device).With("machine", in.feeds[device].Machine.String())
}

// EndFeed ends a machine's feed. Error: store.ErrNotFound when there is none.
func (s *Service) EndFeed(ctx context.Context, machine uuid.UUID) error {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return err
	}
	now := s.now()
	old, err := machineFeed(ctx, s.o.DB, visible, machine, now)
	if err != nil {
		return err
	}
	scope, err := auth.Allow(ctx, auth.Configure, old.Org)
	if err != nil {
		return err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := endFeeds(ctx, tx, now, "machine = ?", machine); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "ingest.feed.end", audit.Object{Kind: "plant.machine", ID: machine.String()}, feedState(old), nil)
	})
	if err != nil {
		return fmt.Errorf("end the feed of machine %s: %w", machine, err)
	}
	if in := s.inlet(old.Source); in != nil {
		in.unfeed(ctx, old.Device)
	}
	return nil
}

// unfeed forgets what a device feeds.
func (in *inlet) unfeed(ctx context.Context, device string) {
	in.mu.Lock()
	delete(in.feeds, device)
	in.settled[device] = true
	in.mu.Unlock()
	in.look(ctx, device)
}

// Feed is what feeds a machine that the caller may see now. Error: store.ErrNotFound.
func (s *Service) Feed(ctx context.Context, machine uuid.UUID) (Feed, error) {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Feed{}, err
	}
	return machineFeed(ctx, s.o.DB, visible, machine, s.now())
}

// Fed tells whether a machine is fed by a source now, for the room that reads machines through gateways.
func (s *Service) Fed(ctx context.Context, machine uuid.UUID) (bool, error) {
	_, err := machineFeed(ctx, s.o.DB, auth.Everywhere(), machine, s.now())
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func feedState(f Feed) any {
	if f.Source == uuid.Nil {
		return nil
	}
	return map[string]any{"source": f.Source, "device": f.Device}
}
