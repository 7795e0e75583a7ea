package inbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Bounds of sending.
const (
	batch       = 200             // items or deliveries that are looked for at once
	maxWaiting  = 1000            // deliveries that wait in one channel
	maxTries    = 20              // with the pauses below: about 16 hours
	firstPause  = time.Minute     // after the first failure; it doubles
	longPause   = time.Hour       //
	lease       = 5 * time.Minute // for which a process has a delivery to itself
	workers     = 6               // channels that are sent to at the same time
	maxBundled  = 50              // lines of a digest
	maxDesk     = 200             // people of a desk who are told
	sweepEvery  = time.Hour
	keepSent    = 90 * 24 * time.Hour
	keepMessage = 400 * 24 * time.Hour
)

// pause is how long a delivery waits after its n-th failure.
func pause(tries int64) time.Duration {
	return min(firstPause<<min(max(tries-1, 0), 6), longPause)
}

// Run queues and sends, until ctx ends. Several processes on one database may run it.
func (s *Service) Run(ctx context.Context) error {
	defer s.door.Close()
	tick := time.NewTicker(s.o.Every)
	defer tick.Stop()
	var swept time.Time
	for {
		if err := s.Tick(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Error("send messages", "error", err)
		}
		if now := s.o.Now(); now.Sub(swept) >= sweepEvery && ctx.Err() == nil {
			swept = now
			if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
				s.o.Logger.Error("put old messages away", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.wake:
		}
	}
}

// Tick is one round of Run: everything new is queued, everything ripe is tried once.
func (s *Service) Tick(ctx context.Context) error {
	first := s.spread(ctx)
	if err := s.deliver(ctx); first == nil {
		first = err
	}
	return first
}

// spread queues the deliveries of new items.
func (s *Service) spread(ctx context.Context) error {
	for {
		var ids []uuid.UUID
		if err := s.o.DB.NewSelect().Model((*itemRow)(nil)).Column("id").Where("NOT i.spread").OrderExpr("i.id").Limit(batch).Scan(ctx, &ids); err != nil {
			return wrap("look for new messages", err)
		}
		for _, id := range ids {
			if err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return s.spreadOne(ctx, tx, id) }); err != nil {
				return fmt.Errorf("queue message %s: %w", id, err)
			}
		}
		if len(ids) < batch {
			return nil
		}
	}
}

func (s *Service) spreadOne(ctx context.Context, tx bun.Tx, id uuid.UUID) error {
	var item itemRow
	if err := tx.NewSelect().Model(&item).Where("i.id = ?", id).Scan(ctx); err != nil || item.Spread {
		return err
	}
	if item.Done == 0 {
		rows, err := s.deliveries(ctx, tx, &item)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			if _, err := tx.NewInsert().Model(&rows).On("CONFLICT (item, channel) DO NOTHING").Exec(ctx); err != nil {
				return err
			}
		}
	}
	_, err := tx.NewUpdate().Model((*itemRow)(nil)).Set("spread = ?", true).Where("id = ?", id).Exec(ctx)
	return err
}

// deliveries are where an item goes.
func (s *Service) deliveries(ctx context.Context, tx bun.Tx, item *itemRow) (out []deliveryRow, err error) {
	people, org, verb := []uuid.UUID{store.ID(item.Person)}, store.ID(item.Org), auth.Verb(item.Verb)
	desk := item.Person == ""
	if desk {
		if people, err = s.o.People.With(ctx, org, verb, maxDesk); err != nil {
			return nil, err
		}
	}
	var channels []channelRow
	if desk {
		q := tx.NewSelect().Model(&channels).Where("c.org = ? AND c.enabled AND c.verified > 0", item.Org).OrderExpr("c.id")
		if err := q.Scan(ctx); err != nil {
			return nil, err
		}
	}
	if len(people) > 0 {
		var own []channelRow
		q := tx.NewSelect().Model(&own).Where("c.person IN (?) AND c.enabled AND c.verified > 0", bun.List(store.Words(people))).OrderExpr("c.id")
		if err := q.Scan(ctx); err != nil {
			return nil, err
		}
		channels = append(channels, own...)
	}
	now, urgency := s.o.Now(), urgencyOf(item.Rank)
	for _, c := range channels {
		d := deliveryRow{ID: uuid.Must(uuid.NewV7()), Item: item.ID, Channel: c.ID, Org: c.Org, Person: c.Person, State: queued, TryAt: now.UnixNano(), At: now.UnixNano()}
		if c.Person != "" {
			p, err := s.preferenceIn(ctx, tx, store.ID(c.Person))
			if err != nil {
				return nil, err
			}
			if desk && !p.Desk {
				continue
			}
			at, bundled := p.when(now, urgency)
			d.TryAt, d.Bundled = at.UnixNano(), bundled
		}
		waiting, err := tx.NewSelect().Model((*deliveryRow)(nil)).Where("d.channel = ? AND d.state = ?", c.ID, queued).Limit(maxWaiting).Count(ctx)
		if err != nil {
			return nil, err
		}
		if waiting >= maxWaiting {
			d.State, d.TryAt, d.Trouble, d.Ended = dead, store.Forever, "full", now.UnixNano()
		}
		out = append(out, d)
	}
	return out, nil
}

func (s *Service) preferenceIn(ctx context.Context, tx bun.Tx, person uuid.UUID) (Preference, error) {
	var rows []preferenceRow
	if err := tx.NewSelect().Model(&rows).Where("p.person = ?", person.String()).Scan(ctx); err != nil {
		return Preference{}, err
	}
	if len(rows) == 0 {
		return usual(person), nil
	}
	return rows[0].preference(), nil
}

// deliver tries what is ripe, channel by channel, several channels at a time.
func (s *Service) deliver(ctx context.Context) error {
	var rows []deliveryRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("d.try_at <= ?", s.o.Now().UnixNano()).OrderExpr("d.try_at, d.id").Limit(batch).Scan(ctx); err != nil {
		return wrap("look for what is to be sent", err)
	}
	groups := map[uuid.UUID][]deliveryRow{}
	var order []uuid.UUID
	for _, r := range rows {
		if groups[r.Channel] == nil {
			order = append(order, r.Channel)
		}
		groups[r.Channel] = append(groups[r.Channel], r)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var first error
	turn := make(chan struct{}, workers)
	for _, channel := range order {
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }()
			if err := s.channelTurn(ctx, channel, groups[channel]); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if first == nil {
					first = fmt.Errorf("channel %s: %w", channel, err)
				}
			}
		})
	}
	wg.Wait()
	if len(rows) == batch && first == nil && ctx.Err() == nil {
		s.rouse()
	}
	return first
}

// channelTurn sends what is ripe in one channel: what is bundled in one message, the rest each by itself. When the other side
// cannot be reached the rest is put off without a try.
func (s *Service) channelTurn(ctx context.Context, id uuid.UUID, rows []deliveryRow) error {
	var c channelRow
	err := store.Err(s.o.DB.NewSelect().Model(&c).Where("c.id = ?", id).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return nil // removed meanwhile, with its deliveries
	}
	if err != nil {
		return err
	}
	var settings Settings
	sealed := s.sealer.open(c.ID.String(), c.Sealed, &settings)
	var single, bundle []parcel
	for i := range rows {
		p, ok, err := s.pack(ctx, &c, &rows[i])
		if err != nil {
			return err
		}
		switch {
		case !ok:
		case rows[i].Bundled:
			bundle = append(bundle, p)
		default:
			single = append(single, p)
		}
	}
	parcels := make([][]parcel, 0, len(single)+1)
	for _, p := range single {
		parcels = append(parcels, []parcel{p})
	}
	if len(bundle) > 0 {
		parcels = append(parcels, bundle)
	}
	var away error
	for _, list := range parcels {
		if away != nil {
			if err := s.putOff(ctx, list); err != nil {
				return err
			}
			continue
		}
		list, err := s.claim(ctx, list)
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if len(list) == 0 {
			continue
		}
		failed := sealed
		if failed == nil {
			o := s.outgoingOf(&c, list)
			failed = s.adapterOf(ChannelKind(c.Kind))(ctx, &settings, &o)
			if ctx.Err() != nil {
				return ctx.Err() // the lease ends by itself, and it is sent again
			}
			if err := s.remember(ctx, c.ID, failed); err != nil {
				return err
			}
		}
		if err := s.record(ctx, list, failed); err != nil {
			return err
		}
		if failed != nil && !network(failed).final {
			away = failed
		}
	}
	return nil
}

// parcel is a delivery with what it brings.
type parcel struct {
	row  deliveryRow
	item Item
}

// pack looks whether a delivery is still to be made; where it is not, it is dropped.
func (s *Service) pack(ctx context.Context, c *channelRow, d *deliveryRow) (parcel, bool, error) {
	var item itemRow
	if err := s.o.DB.NewSelect().Model(&item).Where("i.id = ?", d.Item).Scan(ctx); err != nil {
		return parcel{}, false, wrap("read a message", err)
	}
	why := ""
	switch {
	case !c.Enabled:
		why = "off"
	case c.Verified == 0:
		why = "unverified"
	case item.Kind == string(Todo) && item.Done != 0:
		why = "done"
	case c.Person != "" && item.Org != "":
		ok, err := s.o.People.May(ctx, store.ID(c.Person), store.ID(item.Org), auth.Verb(item.Verb))
		if err != nil {
			return parcel{}, false, err
		}
		if !ok {
			why = "gone"
		}
	}
	if why == "" {
		return parcel{*d, item.item()}, true, nil
	}
	_, err := s.o.DB.NewUpdate().Model((*deliveryRow)(nil)).Set("state = ?", dropped).Set("trouble = ?", why).Set("try_at = ?", int64(store.Forever)).Set("ended = ?", s.o.Now().UnixNano()).
		Where("id = ? AND state = ?", d.ID, queued).Exec(ctx)
	return parcel{}, false, wrapNil("drop a delivery", err)
}

// claim takes deliveries for this process; another that was faster keeps them.
func (s *Service) claim(ctx context.Context, list []parcel) (mine []parcel, err error) {
	until := s.o.Now().Add(lease).UnixNano()
	for _, p := range list {
		res, err := s.o.DB.NewUpdate().Model((*deliveryRow)(nil)).Set("try_at = ?", until).Set("tries = tries + 1").
			Where("id = ? AND state = ? AND try_at = ?", p.row.ID, queued, p.row.TryAt).Exec(ctx)
		if err != nil {
			return nil, wrap("claim a delivery", err)
		}
		if n, _ := res.RowsAffected(); n == 1 {
			p.row.Tries++
			mine = append(mine, p)
		}
	}
	return mine, nil
}

// putOff lets deliveries wait that were not tried, because another has just failed in the same channel.
func (s *Service) putOff(ctx context.Context, list []parcel) error {
	for _, p := range list {
		at := s.o.Now().Add(pause(p.row.Tries + 1)).UnixNano()
		_, err := s.o.DB.NewUpdate().Model((*deliveryRow)(nil)).Set("try_at = ?", at).Where("id = ? AND state = ? AND try_at = ?", p.row.ID, queued, p.row.TryAt).Exec(ctx)
		if err != nil {
			return wrap("put a delivery off", err)
		}
	}
	return nil
}

// outgoingOf is what is sent for one delivery, or for several that are bundled.
func (s *Service) outgoingOf(c *channelRow, list []parcel) outgoing {
	first := &list[0]
	o := outgoing{ID: first.row.ID.String(), Topic: first.item.Topic, Text: first.item.Text, Lang: c.Lang, At: s.o.Now(), Urgent: first.item.Urgency == Urgent, Link: s.link(&first.item)}
	if first.item.Due != store.Forever {
		o.Due = first.item.Due
	}
	if len(list) == 1 {
		return o
	}
	o.Topic, o.Due = "digest", 0
	zh, en := fmt.Sprintf("您有 %d 条消息", len(list)), fmt.Sprintf("You have %d messages", len(list))
	for i, p := range list {
		if i == maxBundled {
			zh, en = zh+"\n…", en+"\n…"
			break
		}
		zh, en = zh+"\n· "+p.item.Text.In("zh"), en+"\n· "+p.item.Text.In("en")
	}
	o.Text = text.Text{Zh: zh, En: en}
	if base := s.o.Base(); base != "" {
		o.Link = base + "/"
	}
	return o
}

func (s *Service) link(i *Item) string {
	base := s.o.Base()
	if base == "" {
		return ""
	}
	if i.Org == uuid.Nil {
		return base + "/"
	}
	if i.Link == "" {
		return base + "/o/" + i.Org.String() + "/inbox"
	}
	return base + "/o/" + i.Org.String() + "/" + i.Link
}

// record writes how a try went.
func (s *Service) record(ctx context.Context, list []parcel, failed error) error {
	now := s.o.Now()
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, p := range list {
			q := tx.NewUpdate().Model((*deliveryRow)(nil)).Where("id = ?", p.row.ID)
			if failed == nil {
				q = q.Set("state = ?", sent).Set("try_at = ?", int64(store.Forever)).Set("trouble = ''").Set("detail = ''").Set("ended = ?", now.UnixNano())
			} else {
				t := network(failed)
				q = q.Set("trouble = ?", t.code).Set("detail = ?", t.detail)
				if t.final || p.row.Tries >= maxTries {
					q = q.Set("state = ?", dead).Set("try_at = ?", int64(store.Forever)).Set("ended = ?", now.UnixNano())
				} else {
					q = q.Set("try_at = ?", now.Add(pause(p.row.Tries)).UnixNano())
				}
			}
			if _, err := q.Exec(ctx); err != nil {
				return wrap("write how a try went", err)
			}
		}
		return nil
	})
}

// sweep takes away what nobody needs any more, a part at a time.
func (s *Service) sweep(ctx context.Context) error {
	now := s.o.Now()
	for {
		n := 0
		err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			res, err := tx.NewDelete().Model((*deliveryRow)(nil)).Where("id IN (SELECT x.id FROM inbox_delivery AS x WHERE x.state IN (?, ?) AND x.ended < ? LIMIT 500)", sent, dropped, now.Add(-keepSent).UnixNano()).Exec(ctx)
			if err != nil {
				return err
			}
			gone, _ := res.RowsAffected()
			n = int(gone)
			var ids []string
			old := tx.NewSelect().Model((*itemRow)(nil)).Column("id").Where("i.at < ? AND (i.kind = ? OR i.done > 0)", now.Add(-keepMessage).UnixNano(), string(Note)).Limit(500)
			if err := old.Scan(ctx, &ids); err != nil || len(ids) == 0 {
				return err
			}
			n += len(ids)
			for _, model := range []any{(*readRow)(nil), (*deliveryRow)(nil)} {
				if _, err := tx.NewDelete().Model(model).Where("item IN (?)", bun.List(ids)).Exec(ctx); err != nil {
					return err
				}
			}
			_, err = tx.NewDelete().Model((*itemRow)(nil)).Where("id IN (?)", bun.List(ids)).Exec(ctx)
			return err
		})
		if err != nil || n == 0 {
			return wrapNil("sweep", err)
		}
	}
}
