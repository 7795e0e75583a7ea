package opcua

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/opcua/channel"
	"jingwei/internal/telemetry"
)

// subscriber is a session that lets the server tell changes by itself.
type subscriber struct{ *session }

// retryItems is how long a node that the server refused is left alone; namespacesEvery is how often the list of
// namespaces is looked at, because a server may add one in front of ours while it runs.
const (
	retryItems      = time.Minute
	namespacesEvery = time.Minute
	publishAhead    = 3 // publish requests that wait at the server
	// maxPerPublish keeps the first values of many thousand items within the bound of a message.
	maxPerPublish = 1000
)

// watch is one subscription at work. It is owned by the goroutine of Subscribe; answers come in over channels.
type watch struct {
	*session
	sink  driver.Sink
	sub   *ua.CreateSubscriptionResponse
	items []bound // by client handle
	state []standing
	keep  time.Duration // the server lets no more time pass without a word

	published chan published // capacity publishAhead
	ahead     int            // publish requests on their way
	most      int
	acks      []*ua.SubscriptionAcknowledgement
	next      uint32 // sequence number expected; 0: any
	last      time.Time
	pong      chan error // capacity 1
	pinged    time.Time  // of the ping on its way; zero: none
	samples   []driver.Sample
}

// standing is how a point stands in the subscription.
type standing struct {
	made   bool
	first  bool // its first value is still to come
	told   bool // its refusal has been told, with
	status telemetry.Status
}

type published struct {
	r   *ua.PublishResponse
	err error
}

// Subscribe delivers until ctx ends, the channel dies, or the server falls silent. A node that the server refuses is
// told once, with its status, and offered again each minute; it harms no other.
func (s *subscriber) Subscribe(ctx context.Context, points []driver.Point, sink driver.Sink) error {
	w := &watch{session: s.session, sink: sink, published: make(chan published, publishAhead), most: publishAhead, pong: make(chan error, 1)}
	err := w.run(ctx, points)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return explain(err, s.id)
}

func (w *watch) run(ctx context.Context, points []driver.Point) error {
	if err := w.create(ctx); err != nil {
		return err
	}
	// Publish requests are at the server before the first item is made: the values of thousands of items then come while
	// the others are still being made, and no queue overflows.
	if err := w.publish(); err != nil {
		return err
	}
	items, wrong := w.session.items(points)
	w.items, w.state = items, make([]standing, len(items))
	if len(wrong) > 0 {
		if err := w.sink(ctx, wrong); err != nil {
			return err
		}
	}
	w.last = time.Now()
	if err := w.monitor(ctx); err != nil {
		return err
	}
	ping := time.NewTicker(ms(w.c.PingMs))
	defer ping.Stop()
	retry := time.NewTicker(retryItems)
	defer retry.Stop()
	look := time.NewTicker(namespacesEvery)
	defer look.Stop()
	for {
		select { // what has come goes before what is due
		case p := <-w.published:
			if err := w.take(ctx, p); err != nil {
				return err
			}
			continue
		case err := <-w.pong:
			if err := w.alive(ctx, err); err != nil {
				return err
			}
			continue
		default:
		}
		select {
		case p := <-w.published:
			if err := w.take(ctx, p); err != nil {
				return err
			}
		case err := <-w.pong:
			if err := w.alive(ctx, err); err != nil {
				return err
			}
		case <-ping.C:
			if err := w.check(); err != nil {
				return err
			}
		case <-retry.C:
			if err := w.monitor(ctx); err != nil {
				return err
			}
		case <-look.C:
			if err := w.sameNamespaces(ctx); err != nil {
				return err
			}
		case <-w.client.Done():
			return w.client.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// create makes the subscription. The server speaks at least every five seconds (more often where the link is watched
// more closely), and gives the subscription up when nobody has listened for a minute.
func (w *watch) create(ctx context.Context) error {
	interval := ms(w.c.PublishingMs)
	keep := max(1, uint32(min(5*time.Second, ms(w.c.SilenceMs)/3)/interval))
	r, err := ask[*ua.CreateSubscriptionResponse](ctx, w.session, &ua.CreateSubscriptionRequest{
		RequestedPublishingInterval: float64(w.c.PublishingMs), RequestedMaxKeepAliveCount: keep,
		RequestedLifetimeCount: max(3*keep, uint32(time.Minute/interval)), PublishingEnabled: true,
		MaxNotificationsPerPublish: maxPerPublish})
	var e *channel.ServiceError
	if asService(err, &e) && (e.Status == ua.StatusBadServiceUnsupported || e.Status == ua.StatusBadNotImplemented) {
		return &driver.Fault{Code: CodeNoSubs, Err: err, Text: driver.Text{
			Zh: "服务器不支持订阅：请把 collect 改为 poll", En: "the server has no subscriptions: set collect to poll"}}
	}
	if err != nil {
		return err
	}
	w.sub = r
	revised := time.Duration(r.RevisedPublishingInterval * float64(time.Millisecond))
	w.keep = max(revised*time.Duration(max(1, r.RevisedMaxKeepAliveCount)), time.Second)
	return nil
}

// monitor makes the items that are not made yet, in calls that the server can take.
func (w *watch) monitor(ctx context.Context) error {
	var open []int
	for i := range w.items {
		if !w.state[i].made {
			open = append(open, i)
		}
	}
	for len(open) > 0 {
		part := open[:min(len(open), w.limits.items)]
		req := &ua.CreateMonitoredItemsRequest{SubscriptionID: w.sub.SubscriptionID, TimestampsToReturn: ua.TimestampsToReturnBoth}
		for _, i := range part {
			w.state[i].first = true
			req.ItemsToCreate = append(req.ItemsToCreate, w.request(i))
		}
		r, err := ask[*ua.CreateMonitoredItemsResponse](ctx, w.session, req)
		if tooBig(err) && len(part) > 1 {
			w.limits.items = len(part) / 2
			continue
		}
		if err != nil {
			return err
		}
		if len(r.Results) != len(part) {
			return fmt.Errorf("%w: %d results for %d items", channel.ErrProtocol, len(r.Results), len(part))
		}
		w.samples = w.samples[:0]
		for k, i := range part {
			st := &w.state[i]
			status := telemetry.Status(r.Results[k].StatusCode)
			st.made = !status.IsBad()
			if st.made {
				st.told = false
			} else if !st.told || st.status != status {
				st.told, st.status = true, status
				w.samples = append(w.samples, driver.Sample{ID: w.items[i].id, Status: status})
			}
		}
		if err := w.deliver(ctx); err != nil {
			return err
		}
		open = open[len(part):]
		if err := w.drain(ctx); err != nil {
			return err
		}
	}
	return nil
}

// request is what makes one item. No filter: a change of value or status is what is wanted by default, and small
// controllers refuse one.
func (w *watch) request(i int) *ua.MonitoredItemCreateRequest {
	it := &w.items[i]
	queue := w.c.QueueSize
	if queue == 0 {
		queue = int(min(1000, 1+math.Ceil(float64(ms(w.c.PublishingMs))/float64(it.every))))
	}
	return &ua.MonitoredItemCreateRequest{ItemToMonitor: it.valueID(), MonitoringMode: ua.MonitoringModeReporting,
		RequestedParameters: &ua.MonitoringParameters{ClientHandle: uint32(i), SamplingInterval: float64(it.every) / float64(time.Millisecond),
			QueueSize: uint32(queue), DiscardOldest: *w.c.DiscardOldest, Filter: ua.NewExtensionObject(nil)}}
}

// drain takes what has come, without waiting.
func (w *watch) drain(ctx context.Context) error {
	for {
		select {
		case p := <-w.published:
			if err := w.take(ctx, p); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// publish keeps requests waiting at the server, so that it can always speak.
func (w *watch) publish() error {
	for w.ahead < w.most {
		req := &ua.PublishRequest{SubscriptionAcknowledgements: w.acks}
		if req.SubscriptionAcknowledgements == nil {
			req.SubscriptionAcknowledgements = []*ua.SubscriptionAcknowledgement{}
		}
		w.acks = nil
		w.ahead++
		// The hint tells the server how long the request may wait.
		if err := w.client.Send(req, 2*w.keep*publishAhead+ms(w.c.SilenceMs), func(r ua.Response, err error) {
			p, _ := r.(*ua.PublishResponse)
			w.published <- published{p, err}
		}); err != nil {
			return err
		}
	}
	return nil
}

// take handles one publish response.
func (w *watch) take(ctx context.Context, p published) error {
	w.ahead--
	w.last = time.Now()
	var e *channel.ServiceError
	switch {
	case asService(p.err, &e) && e.Status == ua.StatusBadTooManyPublishRequests && w.most > 1:
		w.most--
		return nil
	case asService(p.err, &e) && e.Status == ua.StatusBadTimeout:
		return w.publish()
	case asService(p.err, &e) && (e.Status == ua.StatusBadNoSubscription || e.Status == ua.StatusBadSubscriptionIDInvalid):
		return lost(e.Status)
	case p.err != nil:
		return p.err
	case p.r == nil || p.r.NotificationMessage == nil:
		return fmt.Errorf("%w: an answer to Publish without a message", channel.ErrProtocol)
	}
	w.heard(p.r.ResponseHeader.Timestamp)
	m := p.r.NotificationMessage
	w.samples = w.samples[:0]
	for _, x := range m.NotificationData {
		if x == nil {
			continue
		}
		switch n := x.Value.(type) {
		case *ua.DataChangeNotification:
			w.changes(n, nanos(p.r.ResponseHeader.Timestamp))
		case *ua.StatusChangeNotification:
			if n.Status&0x80000000 != 0 {
				return lost(n.Status)
			}
		}
	}
	gap := w.follow(p.r.SubscriptionID, m)
	if err := w.publish(); err != nil {
		return err
	}
	if len(m.NotificationData) > 0 {
		w.note(false, fmt.Sprintf("published %d values (message %d)", len(w.samples), m.SequenceNumber))
	} else {
		w.note(false, "published nothing new: keep-alive")
	}
	if err := w.deliver(ctx); err != nil {
		return err
	}
	if gap {
		return w.refresh(ctx)
	}
	return nil
}

func lost(status ua.StatusCode) error {
	name := StatusName(status)
	return &driver.Fault{Code: CodeSubLost, Err: status, Text: driver.Text{
		Zh: "服务器结束了订阅（" + name + "），将重新订阅", En: "the server ended the subscription (" + name + "); it is made again"}}
}

// changes turns a notification into samples.
func (w *watch) changes(n *ua.DataChangeNotification, at int64) {
	for _, c := range n.MonitoredItems {
		if c == nil || int64(c.ClientHandle) >= int64(len(w.items)) {
			continue
		}
		st := &w.state[c.ClientHandle]
		w.samples = append(w.samples, w.sample(&w.items[c.ClientHandle], c.Value, at, true, st.first))
		st.first = false
	}
}

// follow acknowledges a message and tells whether one before it was lost. A keep-alive bears the number of the message
// to come.
func (w *watch) follow(sub uint32, m *ua.NotificationMessage) (gap bool) {
	gap = w.next != 0 && m.SequenceNumber != w.next
	w.next = m.SequenceNumber
	if len(m.NotificationData) > 0 {
		w.acks = append(w.acks, &ua.SubscriptionAcknowledgement{SubscriptionID: sub, SequenceNumber: m.SequenceNumber})
		if w.next++; w.next == 0 {
			w.next = 1 // OPC 10000-4, 7.38: it rolls over to 1
		}
	}
	return gap
}

// refresh reads every point, because changes were lost: the server had dropped them before they could be fetched.
func (w *watch) refresh(ctx context.Context) error {
	w.note(false, "messages were lost at the server: every point is read")
	var items []*bound
	var nodes []*ua.ReadValueID
	for i := range w.items {
		if w.state[i].made {
			items, nodes = append(items, &w.items[i]), append(nodes, w.items[i].valueID())
		}
	}
	got, at, err := w.readAt(ctx, nodes, ua.TimestampsToReturnBoth)
	if err != nil {
		return err
	}
	w.samples = w.samples[:0]
	for i, it := range items {
		w.samples = append(w.samples, w.sample(it, got[i], at, true, false))
	}
	return w.deliver(ctx)
}

// deliver hands the samples on; none is a sign of life. While the sink blocks nobody listens here, so the silence of
// that time is not the server's.
func (w *watch) deliver(ctx context.Context) error {
	began := time.Now()
	err := w.sink(ctx, w.samples)
	if blocked := time.Since(began); blocked > time.Second {
		w.last = w.last.Add(blocked)
		if !w.pinged.IsZero() {
			w.pinged = w.pinged.Add(blocked)
		}
	}
	return err
}
