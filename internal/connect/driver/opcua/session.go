package opcua

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/opcua/channel"
	"jingwei/internal/telemetry"
)

// session is one session on one secure channel.
type session struct {
	c      Config
	o      Options
	id     *Identity // nil where none is needed
	client *channel.Client
	trace  func(driver.Frame)

	namespaces []string
	limits     limits

	since int64 // server's clock when the session before this one was last heard, or when this one began: see sample

	mu      sync.Mutex
	learned learned
}

// learned is what a session leaves to the next one.
type learned struct {
	heard int64            // server's clock when it last said anything
	told  map[uint32]int64 // by point: the source time of the value told last
}

// limits bound single calls.
type limits struct{ read, items, browse int }

// defaultLimit holds where neither the server nor the link names one: small controllers refuse more.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// dial opens a channel to the endpoint.
func (s *session) dial(ctx context.Context, endpoint string, sec channel.Security) (*channel.Client, error) {
	return channel.Dial(ctx, s.c.address, channel.Options{Endpoint: endpoint, Security: sec, Timeout: s.c.requestTimeout(), Lifetime: s.o.TokenLifetime})
}

// open finds the endpoint, judges its certificate, opens the channel and the session, and reads what has to be known of
// the server.
func (s *session) open(ctx context.Context) error {
	none := channel.Security{Policy: ua.SecurityPolicyURINone, Mode: ua.MessageSecurityModeNone}
	client, err := s.dial(ctx, s.c.Endpoint, none)
	if err != nil {
		return err
	}
	s.client = client
	list, err := ask[*ua.GetEndpointsResponse](ctx, s, &ua.GetEndpointsRequest{EndpointURL: s.c.Endpoint, LocaleIDs: []string{}, ProfileURIs: []string{}})
	if err != nil {
		return err
	}
	if s.since == 0 {
		s.since = nanos(list.ResponseHeader.Timestamp)
	}
	e, err := s.c.choose(list.Endpoints)
	if err != nil {
		return err
	}
	if s.o.Identity != nil && (e.SecurityMode != ua.MessageSecurityModeNone || s.c.SignIn == "certificate") {
		if s.id, err = s.o.Identity(); err != nil {
			return fmt.Errorf("the gateway's OPC UA identity: %w", err)
		}
	}
	if s.id == nil && e.SecurityMode != ua.MessageSecurityModeNone {
		return errors.New("this gateway has no OPC UA identity, and cannot open a protected connection")
	}
	policy, err := s.c.userPolicy(e)
	if err != nil {
		return err
	}
	sec := none
	if e.SecurityMode != ua.MessageSecurityModeNone {
		sec = channel.Security{Policy: e.SecurityPolicyURI, Mode: e.SecurityMode, Certificate: s.id.Certificate, Key: s.id.Key, Remote: e.ServerCertificate}
	}
	if sec.Policy != ua.SecurityPolicyURINone || policy.uri != ua.SecurityPolicyURINone {
		if err := s.c.trust(e.ServerCertificate, s.o.Now()); err != nil {
			return err
		}
		if leaf, _, err := channel.Leaf(e.ServerCertificate); err == nil {
			if advice := s.c.advice(leaf, s.o.Now()); advice != "" {
				s.note(false, "the approved certificate of the server is odd: "+advice)
			}
		}
	}
	if sec.Mode != ua.MessageSecurityModeNone { // else the channel that we have will do
		client.Close()
		if s.client, err = s.dial(ctx, s.c.endpointURL(e), sec); err != nil {
			return err
		}
	}
	s.note(false, fmt.Sprintf("channel open: %s %s", PolicyName(sec.Policy), modeName(sec.Mode)))
	if err := s.signIn(ctx, e, sec, policy); err != nil {
		return err
	}
	return s.learn(ctx)
}

// learn reads the namespaces and the limits of the server. A server that lacks the limits is not asked for much.
func (s *session) learn(ctx context.Context) error {
	ids := []uint32{id.Server_NamespaceArray, id.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
		id.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall, id.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse}
	var nodes []*ua.ReadValueID
	for _, n := range ids {
		nodes = append(nodes, &ua.ReadValueID{NodeID: ua.NewNumericNodeID(0, n), AttributeID: ua.AttributeIDValue, DataEncoding: &ua.QualifiedName{}})
	}
	s.limits = limits{1, defaultLimit, defaultLimit} // nothing is known: one at a time offends nobody
	got, err := s.read(ctx, nodes[:1], ua.TimestampsToReturnNeither)
	if err != nil {
		return err
	}
	s.namespaces, _ = valueOf(got[0]).([]string)
	if len(s.namespaces) == 0 {
		return &driver.Fault{Code: CodeService, Text: driver.Text{Zh: "服务器没有给出命名空间列表（i=2255）", En: "the server does not tell its namespaces (i=2255)"}}
	}
	limit := func(node *ua.ReadValueID, configured int) (int, error) {
		got, err := s.read(ctx, []*ua.ReadValueID{node}, ua.TimestampsToReturnNeither)
		if err != nil {
			return 0, err
		}
		n := defaultLimit
		if told, ok := valueOf(got[0]).(uint32); ok && told > 0 {
			n = int(min(told, maxLimit))
			if configured > 0 {
				n = min(int(min(told, math.MaxInt32)), configured)
			}
		} else if configured > 0 {
			n = configured
		}
		return n, nil
	}
	var l limits
	for i, at := range []struct {
		to         *int
		configured int
	}{{&l.read, s.c.MaxNodesPerRead}, {&l.items, s.c.MaxItemsPerCall}, {&l.browse, s.c.MaxNodesPerBrowse}} {
		if *at.to, err = limit(nodes[i+1], at.configured); err != nil {
			return err
		}
	}
	s.limits = l
	return nil
}

func valueOf(dv *ua.DataValue) any {
	if dv == nil || dv.Value == nil || dv.Status&0x80000000 != 0 {
		return nil
	}
	return dv.Value.Value()
}

// ask is channel.Ask with the link's timeout, the trace and plain words.
func ask[R ua.Response](ctx context.Context, s *session, req ua.Request) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, s.c.requestTimeout())
	defer cancel()
	s.note(true, describe(req))
	r, err := channel.Ask[R](ctx, s.client, req)
	if err != nil {
		s.note(false, channel.Service(req)+": "+err.Error())
		return r, err
	}
	s.heard(r.Header().Timestamp)
	s.note(false, outcome(req, r))
	return r, nil
}

// heard notes the server's clock.
func (s *session) heard(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learned.heard = max(s.learned.heard, nanos(t))
}

// Learned is what the next session goes on from.
func (s *session) Learned() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.learned
}

// read reads attributes in as many calls as the limits ask for; one result for each. A server that finds a call too big
// is asked for half of it.
func (s *session) read(ctx context.Context, nodes []*ua.ReadValueID, stamps ua.TimestampsToReturn) ([]*ua.DataValue, error) {
	out, _, err := s.readAt(ctx, nodes, stamps)
	return out, err
}

// readAt also tells the server's clock when it answered first.
func (s *session) readAt(ctx context.Context, nodes []*ua.ReadValueID, stamps ua.TimestampsToReturn) (out []*ua.DataValue, at int64, err error) {
	for len(out) < len(nodes) {
		part := nodes[len(out):min(len(nodes), len(out)+s.limits.read)]
		r, err := ask[*ua.ReadResponse](ctx, s, &ua.ReadRequest{TimestampsToReturn: stamps, NodesToRead: part})
		if tooBig(err) && len(part) > 1 {
			s.limits.read = len(part) / 2
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		if len(r.Results) != len(part) {
			return nil, 0, fmt.Errorf("%w: %d results for %d nodes", channel.ErrProtocol, len(r.Results), len(part))
		}
		out = append(out, r.Results...)
		if at == 0 {
			at = nanos(r.ResponseHeader.Timestamp)
		}
	}
	return out, at, nil
}

func tooBig(err error) bool {
	var e *channel.ServiceError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Status {
	case ua.StatusBadTooManyOperations, ua.StatusBadResponseTooLarge, ua.StatusBadRequestTooLarge, ua.StatusBadEncodingLimitsExceeded:
		return true
	}
	return false
}

// Read reads the points, in as few calls as the limits allow.
func (s *session) Read(ctx context.Context, points []driver.Point, sink driver.Sink) error {
	err := s.readPoints(ctx, points, sink)
	return explain(err, s.id)
}

func (s *session) readPoints(ctx context.Context, points []driver.Point, sink driver.Sink) error {
	items, samples := s.items(points)
	if len(samples) > 0 {
		if err := sink(ctx, samples); err != nil {
			return err
		}
	}
	fresh := driver.IsFresh(ctx)
	for len(items) > 0 {
		part := items[:min(len(items), s.limits.read)]
		items = items[len(part):]
		nodes := make([]*ua.ReadValueID, len(part))
		for i := range part {
			nodes[i] = part[i].valueID()
		}
		got, at, err := s.readAt(ctx, nodes, ua.TimestampsToReturnBoth)
		if err != nil {
			return err
		}
		samples = samples[:0]
		for i := range part {
			samples = append(samples, s.sample(&part[i], got[i], at, !fresh, false))
		}
		if err := sink(ctx, samples); err != nil {
			return err
		}
	}
	return nil
}

// bound is a point whose node is known in this session.
type bound struct {
	item
	node *ua.NodeID
}

func (b *bound) valueID() *ua.ReadValueID {
	r := &ua.ReadValueID{NodeID: b.node, AttributeID: ua.AttributeIDValue, DataEncoding: &ua.QualifiedName{}}
	if b.address.Index >= 0 {
		r.IndexRange = fmt.Sprint(b.address.Index)
	}
	return r
}

// items compiles points and finds their nodes; the samples are of those for which that is not possible.
func (s *session) items(points []driver.Point) (items []bound, wrong []driver.Sample) {
	for _, p := range points {
		it, err := compile(p)
		if err != nil {
			wrong = append(wrong, driver.Sample{ID: p.ID, Status: telemetry.BadConfigurationError})
			continue
		}
		node, ok := it.address.Node(s.namespaces)
		if !ok {
			wrong = append(wrong, driver.Sample{ID: p.ID, Status: telemetry.BadNodeIdUnknown})
			continue
		}
		items = append(items, bound{it, node})
	}
	return items, wrong
}

// sample makes a sample of what the server said.
//
// Its time is the source's; where the server tells none, the server's own. A value that is told again though it has not
// changed (the first of a new subscription, or each poll) bears the time of its last change, and as a sample of that
// time it would be no news: it would not end an outage, and a point polled every second would look dead. Such a value is
// known to hold when the server answers, so it is told with that time: the clock in the answer's header, because the
// server time beside the value may be that of its last change, too.
func (s *session) sample(it *bound, dv *ua.DataValue, answered int64, record, first bool) driver.Sample {
	if dv == nil {
		return driver.Sample{ID: it.id, Status: telemetry.BadDecodingError}
	}
	out := driver.Sample{ID: it.id}
	out.Value, out.Status = it.value(dv.Value, telemetry.Status(dv.Status))
	source, server := times(dv)
	out.Time = source
	if source == 0 {
		out.Time = server
	}
	if !record {
		return out
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.learned.told == nil {
		s.learned.told = map[uint32]int64{}
	}
	if source != 0 {
		last := s.learned.told[it.id]
		if source == last || first && source <= s.since {
			out.Time = max(server, answered) // 0: the gateway's clock
		}
		s.learned.told[it.id] = source
	}
	return out
}

// Close ends the session and the channel. A server that no longer answers is not waited for long.
func (s *session) Close() error {
	if s.client == nil {
		return nil
	}
	if s.client.Err() == nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.client.Do(ctx, &ua.CloseSessionRequest{DeleteSubscriptions: true})
	}
	return s.client.Close()
}

// note writes a line into the trace. What goes over the wire is encrypted, so the trace tells services, not bytes.
func (s *session) note(sent bool, text string) {
	if s.trace != nil {
		s.trace(driver.Frame{Sent: sent, Note: text})
	}
}
