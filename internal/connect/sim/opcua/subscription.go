package opcua

import (
	"bytes"
	"math"
	"time"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver/opcua/channel"
)

// subscription is owned by its connection's goroutine.
type subscription struct {
	id       uint32
	interval time.Duration
	keep     uint32 // intervals without news after which the client is told so
	life     uint32 // intervals without a request after which the subscription ends
	most     int    // notifications in one message
	enabled  bool
	items    []*monitored
	lastItem uint32

	due      time.Time
	quiet    uint32 // intervals since the client was told anything
	unheard  uint32 // intervals in which something was due and no request was there
	greeted  bool   // the first message has been sent
	waiting  bool   // a word is due and waits for a request
	sequence uint32 // of the last message
	sent     []*ua.NotificationMessage
}

// monitored is one item.
type monitored struct {
	id       uint32
	handle   uint32
	node     *node
	asked    attributeOf
	stamps   ua.TimestampsToReturn
	sampling time.Duration
	queueMax int
	oldest   bool // a full queue drops the oldest
	off      bool

	next  time.Time
	last  value
	queue []value
}

const (
	maxKept      = 20   // messages that can be asked for again
	maxPerTell   = 1000 // notifications in one message
	overflowBits = 0x480
)

func revise(requested float64, least time.Duration) time.Duration {
	if !(requested > 0) || requested > 3_600_000 {
		return max(least, 500*time.Millisecond)
	}
	return max(least, time.Duration(requested*float64(time.Millisecond)))
}

func (n *session) createSubscription(q *ua.CreateSubscriptionRequest, now time.Time) ua.Response {
	if len(n.subs) == maxSubs {
		return fault(ua.StatusBadTooManySubscriptions)
	}
	id := uint32(1)
	for n.sub(id) != nil {
		id++
	}
	s := &subscription{id: id, interval: revise(q.RequestedPublishingInterval, minPublish), enabled: q.PublishingEnabled, due: now, most: maxPerTell}
	s.revise(q.RequestedMaxKeepAliveCount, q.RequestedLifetimeCount, q.MaxNotificationsPerPublish)
	n.subs = append(n.subs, s)
	return &ua.CreateSubscriptionResponse{ResponseHeader: good(), SubscriptionID: s.id, RevisedPublishingInterval: float64(s.interval) / float64(time.Millisecond),
		RevisedLifetimeCount: s.life, RevisedMaxKeepAliveCount: s.keep}
}

func (s *subscription) revise(keep, life, most uint32) {
	s.keep = min(max(keep, 1), 10_000)
	s.life = min(max(life, 3*s.keep), 1_000_000)
	if most > 0 {
		s.most = int(min(most, maxPerTell))
	}
}

func (n *session) sub(id uint32) *subscription {
	for _, s := range n.subs {
		if s.id == id {
			return s
		}
	}
	return nil
}

func (n *session) modifySubscription(q *ua.ModifySubscriptionRequest) ua.Response {
	s := n.sub(q.SubscriptionID)
	if s == nil {
		return fault(ua.StatusBadSubscriptionIDInvalid)
	}
	s.interval = revise(q.RequestedPublishingInterval, minPublish)
	s.revise(q.RequestedMaxKeepAliveCount, q.RequestedLifetimeCount, q.MaxNotificationsPerPublish)
	return &ua.ModifySubscriptionResponse{ResponseHeader: good(), RevisedPublishingInterval: float64(s.interval) / float64(time.Millisecond),
		RevisedLifetimeCount: s.life, RevisedMaxKeepAliveCount: s.keep}
}

func (n *session) setPublishing(q *ua.SetPublishingModeRequest) ua.Response {
	out := []ua.StatusCode{}
	for _, id := range q.SubscriptionIDs {
		s := n.sub(id)
		if s == nil {
			out = append(out, ua.StatusBadSubscriptionIDInvalid)
			continue
		}
		s.enabled = q.PublishingEnabled
		out = append(out, ua.StatusOK)
	}
	return &ua.SetPublishingModeResponse{ResponseHeader: good(), Results: out, DiagnosticInfos: []*ua.DiagnosticInfo{}}
}

func (n *session) drop(id uint32) bool {
	for i, s := range n.subs {
		if s.id == id {
			n.subs = append(n.subs[:i], n.subs[i+1:]...)
			return true
		}
	}
	return false
}

func (n *session) deleteSubscriptions(q *ua.DeleteSubscriptionsRequest) ua.Response {
	out := []ua.StatusCode{}
	for _, id := range q.SubscriptionIDs {
		if n.drop(id) {
			out = append(out, ua.StatusOK)
		} else {
			out = append(out, ua.StatusBadSubscriptionIDInvalid)
		}
	}
	return &ua.DeleteSubscriptionsResponse{ResponseHeader: good(), Results: out, DiagnosticInfos: []*ua.DiagnosticInfo{}}
}

func (c *conn) createItems(n *session, q *ua.CreateMonitoredItemsRequest) ua.Response {
	s := n.sub(q.SubscriptionID)
	switch {
	case s == nil:
		return fault(ua.StatusBadSubscriptionIDInvalid)
	case len(q.ItemsToCreate) == 0:
		return fault(ua.StatusBadNothingToDo)
	case len(q.ItemsToCreate) > int(c.s.o.MaxItemsPerCall):
		return fault(ua.StatusBadTooManyOperations)
	case q.TimestampsToReturn > ua.TimestampsToReturnNeither:
		return fault(ua.StatusBadTimestampsToReturnInvalid)
	}
	f, now := c.s.Faults(), c.s.o.Now()
	var out []*ua.MonitoredItemCreateResult
	for _, r := range q.ItemsToCreate {
		a := attributeOf{r.ItemToMonitor.AttributeID, r.ItemToMonitor.IndexRange != ""}
		refuse := func(s ua.StatusCode) {
			out = append(out, &ua.MonitoredItemCreateResult{StatusCode: s, FilterResult: ua.NewExtensionObject(nil)})
		}
		node := c.s.space.nodes[r.ItemToMonitor.NodeID.String()]
		p := r.RequestedParameters
		v := c.s.read(node, a, &f, now)
		switch {
		case v.Status == ua.StatusBadNodeIDUnknown || v.Status == ua.StatusBadAttributeIDInvalid || v.Status == ua.StatusBadIndexRangeNoData:
			refuse(v.Status)
			continue
		case len(s.items) == maxItems:
			refuse(ua.StatusBadTooManyMonitoredItems)
			continue
		case !plain(p.Filter):
			refuse(ua.StatusBadMonitoredItemFilterUnsupported)
			continue
		}
		s.lastItem++
		m := &monitored{id: s.lastItem, handle: p.ClientHandle, node: node, asked: a, stamps: q.TimestampsToReturn, sampling: max(minSampling, s.interval), next: now,
			queueMax: int(min(max(p.QueueSize, 1), 1000)), oldest: p.DiscardOldest, off: r.MonitoringMode != ua.MonitoringModeReporting}
		if p.SamplingInterval >= 0 {
			m.sampling = min(max(minSampling, time.Duration(min(p.SamplingInterval, 3_600_000)*float64(time.Millisecond))), time.Hour)
		}
		s.items = append(s.items, m)
		out = append(out, &ua.MonitoredItemCreateResult{MonitoredItemID: m.id, RevisedSamplingInterval: float64(m.sampling) / float64(time.Millisecond),
			RevisedQueueSize: uint32(m.queueMax), FilterResult: ua.NewExtensionObject(nil)})
	}
	return &ua.CreateMonitoredItemsResponse{ResponseHeader: good(), Results: out, DiagnosticInfos: []*ua.DiagnosticInfo{}}
}

// plain: a change of value or status is told, which is what the simulator does.
func plain(x *ua.ExtensionObject) bool {
	if x == nil || x.Value == nil {
		return true
	}
	f, ok := x.Value.(*ua.DataChangeFilter)
	return ok && f.Trigger == ua.DataChangeTriggerStatusValue && f.DeadbandType == uint32(ua.DeadbandTypeNone)
}

func (n *session) deleteItems(q *ua.DeleteMonitoredItemsRequest) ua.Response {
	s := n.sub(q.SubscriptionID)
	if s == nil {
		return fault(ua.StatusBadSubscriptionIDInvalid)
	}
	out := []ua.StatusCode{}
	for _, id := range q.MonitoredItemIDs {
		status := ua.StatusBadMonitoredItemIDInvalid
		for i, m := range s.items {
			if m.id == id {
				s.items = append(s.items[:i], s.items[i+1:]...)
				status = ua.StatusOK
				break
			}
		}
		out = append(out, status)
	}
	return &ua.DeleteMonitoredItemsResponse{ResponseHeader: good(), Results: out, DiagnosticInfos: []*ua.DiagnosticInfo{}}
}

func (n *session) republish(q *ua.RepublishRequest) ua.Response {
	s := n.sub(q.SubscriptionID)
	if s == nil {
		return fault(ua.StatusBadSubscriptionIDInvalid)
	}
	for _, m := range s.sent {
		if m.SequenceNumber == q.RetransmitSequenceNumber {
			return &ua.RepublishResponse{ResponseHeader: good(), NotificationMessage: m}
		}
	}
	return fault(ua.StatusBadMessageNotAvailable)
}

// take keeps a publish request until there is something to tell.
func (n *session) take(id uint32, q *ua.PublishRequest) ua.Response {
	switch {
	case len(n.subs) == 0:
		return fault(ua.StatusBadNoSubscription)
	case len(n.publishing) == maxPublishing:
		return fault(ua.StatusBadTooManyPublishRequests)
	}
	p := pending{id: id, handle: q.RequestHeader.RequestHandle, results: []ua.StatusCode{}}
	for _, a := range q.SubscriptionAcknowledgements {
		p.results = append(p.results, n.acknowledge(a))
	}
	n.publishing = append(n.publishing, p)
	return nil
}

func (n *session) acknowledge(a *ua.SubscriptionAcknowledgement) ua.StatusCode {
	s := n.sub(a.SubscriptionID)
	if s == nil {
		return ua.StatusBadSubscriptionIDInvalid
	}
	for i, m := range s.sent {
		if m.SequenceNumber == a.SequenceNumber {
			s.sent = append(s.sent[:i], s.sent[i+1:]...)
			return ua.StatusOK
		}
	}
	return ua.StatusBadSequenceNumberUnknown
}

// publish samples what is due, and tells what there is to tell.
func (c *conn) publish() error {
	now := c.s.o.Now()
	f := c.s.Faults()
	for _, n := range c.sessions {
		for _, s := range append([]*subscription(nil), n.subs...) {
			for _, m := range s.items {
				c.sample(m, &f, now)
			}
			if now.Before(s.due) && !s.waiting {
				continue
			}
			if !now.Before(s.due) {
				s.due = s.due.Add(s.interval)
				if s.due.Before(now) {
					s.due = now.Add(s.interval) // what was missed is not caught up on
				}
				s.quiet++
				if s.unheard++; s.unheard > s.life {
					n.drop(s.id)
					continue
				}
			}
			for more := true; more; {
				var err error
				if more, err = c.tell(n, s, now); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// sample takes the values of an item that have come due.
func (c *conn) sample(m *monitored, f *Faults, now time.Time) {
	if m.off {
		return
	}
	if behind := now.Sub(m.next); behind > time.Duration(m.queueMax)*m.sampling {
		m.next = now.Add(-time.Duration(m.queueMax-1) * m.sampling) // older ones would not stay in the queue
	}
	for ; !m.next.After(now); m.next = m.next.Add(m.sampling) {
		v := c.s.read(m.node, m.asked, f, m.next)
		if m.last != nil && same(m.last, v) {
			continue
		}
		m.last = v
		if len(m.queue) < m.queueMax {
			m.queue = append(m.queue, v)
			continue
		}
		if m.oldest {
			m.queue = append(m.queue[:0], m.queue[1:]...)
			m.queue = append(m.queue, v)
			m.queue[0] = overflown(m.queue[0], len(m.queue))
		} else {
			m.queue[len(m.queue)-1] = overflown(v, len(m.queue))
		}
	}
}

// overflown marks a value beside which others were dropped (OPC 10000-4, 7.25.2); a queue of one never overflows.
func overflown(v value, size int) value {
	if size == 1 {
		return v
	}
	out := *v
	out.Status |= overflowBits
	out.EncodingMask |= ua.DataValueStatusCode
	return &out
}

// same: neither the value nor the status has changed.
func same(a, b value) bool {
	if a.Status != b.Status || (a.Value == nil) != (b.Value == nil) {
		return false
	}
	if a.Value == nil {
		return true
	}
	x, errX := a.Value.Encode()
	y, errY := b.Value.Encode()
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// tell sends one message if there is one due and a request for it; more tells that there is another.
func (c *conn) tell(n *session, s *subscription, now time.Time) (more bool, err error) {
	var items []*ua.MonitoredItemNotification
	left := false
	if s.enabled {
		for _, m := range s.items {
			if len(m.queue) > 0 {
				left = true
				break
			}
		}
	}
	s.waiting = left || !s.greeted || s.quiet >= s.keep
	if !s.waiting || len(n.publishing) == 0 {
		return false, nil
	}
	left = false
	if s.enabled {
		for _, m := range s.items {
			k := min(len(m.queue), s.most-len(items))
			for _, v := range m.queue[:k] {
				items = append(items, &ua.MonitoredItemNotification{ClientHandle: m.handle, Value: stamped(v, m.stamps)})
			}
			m.queue = append(m.queue[:0], m.queue[k:]...)
			left = left || len(m.queue) > 0
		}
	}
	p := n.publishing[0]
	n.publishing = append(n.publishing[:0], n.publishing[1:]...)
	next := s.sequence + 1
	if s.sequence == math.MaxUint32 {
		next = 1
	}
	message := &ua.NotificationMessage{SequenceNumber: next, PublishTime: now, NotificationData: []*ua.ExtensionObject{}}
	if len(items) > 0 {
		message.NotificationData = append(message.NotificationData, ua.NewExtensionObject(&ua.DataChangeNotification{MonitoredItems: items, DiagnosticInfos: []*ua.DiagnosticInfo{}}))
		s.sequence = next
		if s.sent = append(s.sent, message); len(s.sent) > maxKept {
			s.sent = s.sent[1:]
		}
	}
	s.quiet, s.unheard, s.greeted, s.waiting = 0, 0, true, left
	available := []uint32{}
	for _, m := range s.sent {
		available = append(available, m.SequenceNumber)
	}
	c.s.count(func(st *Stats) { st.Published++; st.Values += uint64(len(items)) })
	return left, c.ch.Reply(p.id, &ua.PublishResponse{ResponseHeader: channel.Header(p.handle, ua.StatusOK), SubscriptionID: s.id, AvailableSequenceNumbers: available,
		MoreNotifications: left, NotificationMessage: message, Results: p.results, DiagnosticInfos: []*ua.DiagnosticInfo{}})
}
