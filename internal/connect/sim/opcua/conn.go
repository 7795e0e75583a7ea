package opcua

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"net"
	"time"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver/opcua/channel"
	"jingwei/internal/connect/sim/control"
)

type value = *ua.DataValue

type attributeOf struct {
	attribute ua.AttributeID
	indexed   bool
}

// conn is one connection. Its sessions and subscriptions live and die with it, and one goroutine owns them all; another
// reads requests and hands them over.
type conn struct {
	s        *Server
	net      net.Conn
	ch       *channel.Server
	sessions map[string]*session // by authentication token
	resume   map[string]resumption
}

type session struct {
	id, token  *ua.NodeID
	nonce      []byte
	active     bool
	publishing []pending // requests that wait for something to tell
	subs       []*subscription
}

type pending struct {
	id      uint32
	handle  uint32
	results []ua.StatusCode // of the acknowledgements in it
}

// resumption is what a continuation point stands for.
type resumption struct {
	rest []*ua.ReferenceDescription
	page int
}

const (
	maxSessions     = 16 // of a connection
	maxSubs         = 16 // of a session
	maxItems        = 20_000
	maxPublishing   = 32
	maxResumptions  = 16
	tick            = 25 * time.Millisecond
	greetingTimeout = 10 * time.Second
)

func newConn(s *Server, c net.Conn) *conn {
	return &conn{s: s, net: c, sessions: map[string]*session{}, resume: map[string]resumption{}}
}

func (c *conn) offered(policy string, mode ua.MessageSecurityMode) bool {
	for _, e := range c.s.endpoints() {
		if e.SecurityPolicyURI == policy && e.SecurityMode == mode {
			return true
		}
	}
	// Whoever asks for the endpoints does so without protection; everything else is refused there (see serve).
	return policy == ua.SecurityPolicyURINone && mode == ua.MessageSecurityModeNone
}

// run serves until the connection or ctx ends.
func (c *conn) run(ctx context.Context) error {
	if !c.awake(ctx) {
		return ctx.Err()
	}
	c.net.SetReadDeadline(time.Now().Add(greetingTimeout))
	var err error
	if c.ch, err = channel.Accept(c.net, channel.ServerOptions{Certificate: c.s.o.Identity.Certificate, Key: c.s.o.Identity.Key, Allow: c.offered}); err != nil {
		return err
	}
	c.net.SetReadDeadline(time.Time{})
	requests := make(chan channel.Request)
	done := make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		defer close(requests)
		for {
			r, err := c.ch.Next()
			if err != nil {
				done <- err
				return
			}
			select {
			case requests <- r:
			case <-stop:
				done <- nil
				return
			}
		}
	}()
	defer func() { c.net.Close(); close(stop); <-done }()
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for {
		select {
		case r, ok := <-requests:
			if !ok {
				return nil
			}
			if !c.awake(ctx) {
				return ctx.Err()
			}
			c.s.count(func(st *Stats) { st.Requests++ })
			answer := c.serve(r)
			if answer == nil {
				break // Publish answers later
			}
			if status := answer.Header().ServiceResult; status&0x80000000 != 0 {
				c.s.count(func(st *Stats) { st.Faults++ })
			}
			answer.Header().RequestHandle = r.Service.Header().RequestHandle
			if err := c.ch.Reply(r.ID, answer); err != nil {
				return err
			}
		case <-clock.C:
			if !c.awake(ctx) {
				return ctx.Err()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := c.publish(); err != nil {
			return err
		}
	}
}

// awake waits while the server is stalled; false when ctx ended meanwhile.
func (c *conn) awake(ctx context.Context) bool {
	for {
		f := c.s.Faults()
		if !f.stalled(c.s.o.Now().Sub(c.s.started)) {
			return true
		}
		if !control.Pause(ctx, tick) {
			return false
		}
	}
}

func fault(s ua.StatusCode) ua.Response {
	return &ua.ServiceFault{ResponseHeader: channel.Header(0, s)}
}

func good() *ua.ResponseHeader { return channel.Header(0, ua.StatusOK) }

// serve answers one request; nil where the answer comes later.
func (c *conn) serve(r channel.Request) ua.Response {
	switch q := r.Service.(type) {
	case *ua.GetEndpointsRequest:
		return &ua.GetEndpointsResponse{ResponseHeader: good(), Endpoints: c.s.endpoints()}
	case *ua.FindServersRequest:
		return &ua.FindServersResponse{ResponseHeader: good(), Servers: []*ua.ApplicationDescription{c.s.description()}}
	case *ua.CreateSessionRequest:
		return c.createSession(q)
	}
	token := r.Service.Header().AuthenticationToken
	if token == nil {
		return fault(ua.StatusBadSessionIDInvalid)
	}
	n := c.sessions[token.String()]
	switch {
	case n == nil:
		return fault(ua.StatusBadSessionIDInvalid)
	case !n.active:
		if q, ok := r.Service.(*ua.ActivateSessionRequest); ok {
			return c.activate(n, q)
		}
		return fault(ua.StatusBadSessionNotActivated)
	}
	switch q := r.Service.(type) {
	case *ua.ActivateSessionRequest:
		return c.activate(n, q)
	case *ua.CloseSessionRequest:
		delete(c.sessions, token.String())
		return &ua.CloseSessionResponse{ResponseHeader: good()}
	case *ua.ReadRequest:
		return c.read(q)
	case *ua.BrowseRequest:
		return c.browse(q)
	case *ua.BrowseNextRequest:
		return c.browseNext(q)
	case *ua.CreateSubscriptionRequest:
		return n.createSubscription(q, c.s.o.Now())
	case *ua.ModifySubscriptionRequest:
		return n.modifySubscription(q)
	case *ua.SetPublishingModeRequest:
		return n.setPublishing(q)
	case *ua.DeleteSubscriptionsRequest:
		return n.deleteSubscriptions(q)
	case *ua.CreateMonitoredItemsRequest:
		return c.createItems(n, q)
	case *ua.DeleteMonitoredItemsRequest:
		return n.deleteItems(q)
	case *ua.RepublishRequest:
		return n.republish(q)
	case *ua.PublishRequest:
		return n.take(r.ID, q)
	}
	return fault(ua.StatusBadServiceUnsupported)
}

func (s *Server) description() *ua.ApplicationDescription {
	return &ua.ApplicationDescription{ApplicationURI: s.o.Identity.URI, ProductURI: "urn:jingwei:sim", ApplicationName: ua.NewLocalizedText("Jingwei OPC UA simulator"),
		ApplicationType: ua.ApplicationTypeServer, DiscoveryURLs: []string{s.endpoint()}}
}

// endpoints are what the server offers.
func (s *Server) endpoints() []*ua.EndpointDescription {
	var out []*ua.EndpointDescription
	user := &ua.UserTokenPolicy{PolicyID: "anonymous", TokenType: ua.UserTokenTypeAnonymous, SecurityPolicyURI: ua.SecurityPolicyURINone}
	if s.o.User != "" {
		user = &ua.UserTokenPolicy{PolicyID: "username", TokenType: ua.UserTokenTypeUserName, SecurityPolicyURI: ua.SecurityPolicyURIBasic256Sha256}
	}
	add := func(policy string, mode ua.MessageSecurityMode, level uint8) {
		out = append(out, &ua.EndpointDescription{EndpointURL: s.endpoint(), Server: s.description(), ServerCertificate: s.o.Identity.Certificate, SecurityMode: mode,
			SecurityPolicyURI: policy, UserIdentityTokens: []*ua.UserTokenPolicy{user}, SecurityLevel: level,
			TransportProfileURI: "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary"})
	}
	for i, policy := range []string{ua.SecurityPolicyURIBasic256Sha256, ua.SecurityPolicyURIAes128Sha256RsaOaep, ua.SecurityPolicyURIAes256Sha256RsaPss} {
		add(policy, ua.MessageSecurityModeSign, uint8(10+i))
		add(policy, ua.MessageSecurityModeSignAndEncrypt, uint8(20+i))
	}
	if s.o.Insecure {
		add(ua.SecurityPolicyURINone, ua.MessageSecurityModeNone, 0)
	}
	return out
}

func (c *conn) createSession(q *ua.CreateSessionRequest) ua.Response {
	sec := c.ch.Security()
	switch {
	case sec.Mode == ua.MessageSecurityModeNone && !c.s.o.Insecure:
		return fault(ua.StatusBadSecurityPolicyRejected)
	case len(c.sessions) == maxSessions:
		return fault(ua.StatusBadTooManySessions)
	case sec.Mode != ua.MessageSecurityModeNone && (len(q.ClientNonce) < 32 || !channel.SameLeaf(q.ClientCertificate, sec.Remote)):
		return fault(ua.StatusBadSecurityChecksFailed)
	}
	n := &session{nonce: make([]byte, 32)}
	var secret [16]byte
	rand.Read(n.nonce)
	rand.Read(secret[:])
	n.token = ua.NewByteStringNodeID(0, secret[:])
	n.id = ua.NewNumericNodeID(1, uint32(len(c.sessions)+1))
	sig, err := sec.Sign(append(append([]byte(nil), q.ClientCertificate...), q.ClientNonce...))
	if err != nil {
		return fault(ua.StatusBadSecurityChecksFailed)
	}
	c.sessions[n.token.String()] = n
	return &ua.CreateSessionResponse{ResponseHeader: good(), SessionID: n.id, AuthenticationToken: n.token,
		RevisedSessionTimeout: min(max(q.RequestedSessionTimeout, 10_000), 3_600_000), ServerNonce: n.nonce, ServerCertificate: c.s.o.Identity.Certificate,
		ServerEndpoints: c.s.endpoints(), ServerSoftwareCertificates: []*ua.SignedSoftwareCertificate{}, ServerSignature: sig, MaxRequestMessageSize: channel.MaxMessage}
}

func (c *conn) activate(n *session, q *ua.ActivateSessionRequest) ua.Response {
	sec := c.ch.Security()
	signed := append(append([]byte(nil), c.s.o.Identity.Certificate...), n.nonce...)
	if q.ClientSignature == nil || sec.Verify(signed, q.ClientSignature.Signature) != nil {
		return fault(ua.StatusBadApplicationSignatureInvalid)
	}
	if c.s.o.User != "" {
		t, ok := (*ua.UserNameIdentityToken)(nil), false
		if q.UserIdentityToken != nil {
			t, ok = q.UserIdentityToken.Value.(*ua.UserNameIdentityToken)
		}
		if !ok || !c.password(n, t) {
			return fault(ua.StatusBadUserAccessDenied)
		}
	}
	n.active = true
	n.nonce = make([]byte, 32)
	rand.Read(n.nonce)
	return &ua.ActivateSessionResponse{ResponseHeader: good(), ServerNonce: n.nonce, Results: []ua.StatusCode{}, DiagnosticInfos: []*ua.DiagnosticInfo{}}
}

// password checks a user's name and the password, which is encrypted for the server's certificate together with the
// session's nonce.
func (c *conn) password(n *session, t *ua.UserNameIdentityToken) bool {
	own := channel.Security{Policy: ua.SecurityPolicyURIBasic256Sha256, Certificate: c.s.o.Identity.Certificate, Key: c.s.o.Identity.Key, Remote: c.s.o.Identity.Certificate}
	algo, err := own.Asymmetric()
	if err != nil || t.EncryptionAlgorithm != algo.EncryptionURI() {
		return false
	}
	plain, err := algo.Decrypt(t.Password)
	if err != nil || len(plain) < 4 {
		return false
	}
	size := binary.LittleEndian.Uint32(plain)
	plain = plain[4:]
	if uint64(size) != uint64(len(plain)) || len(plain) < len(n.nonce) {
		return false
	}
	password, nonce := plain[:len(plain)-len(n.nonce)], plain[len(plain)-len(n.nonce):]
	user := subtle.ConstantTimeCompare([]byte(t.UserName), []byte(c.s.o.User))
	return user&subtle.ConstantTimeCompare(password, []byte(c.s.o.Password))&subtle.ConstantTimeCompare(nonce, n.nonce) == 1
}

func (c *conn) read(q *ua.ReadRequest) ua.Response {
	switch {
	case len(q.NodesToRead) == 0:
		return fault(ua.StatusBadNothingToDo)
	case len(q.NodesToRead) > int(c.s.o.MaxNodesPerRead):
		return fault(ua.StatusBadTooManyOperations)
	case q.TimestampsToReturn > ua.TimestampsToReturnNeither:
		return fault(ua.StatusBadTimestampsToReturnInvalid)
	}
	f, now := c.s.Faults(), c.s.o.Now()
	out := make([]*ua.DataValue, len(q.NodesToRead))
	for i, r := range q.NodesToRead {
		out[i] = stamped(c.s.read(c.s.space.nodes[r.NodeID.String()], attributeOf{r.AttributeID, r.IndexRange != ""}, &f, now), q.TimestampsToReturn)
	}
	c.s.count(func(st *Stats) { st.Values += uint64(len(out)) })
	return &ua.ReadResponse{ResponseHeader: good(), Results: out, DiagnosticInfos: []*ua.DiagnosticInfo{}}
}

// stamped leaves the times in a value that a client wants.
func stamped(v value, want ua.TimestampsToReturn) value {
	out := *v
	if want != ua.TimestampsToReturnSource && want != ua.TimestampsToReturnBoth {
		out.EncodingMask &^= ua.DataValueSourceTimestamp
	}
	if want != ua.TimestampsToReturnServer && want != ua.TimestampsToReturnBoth {
		out.EncodingMask &^= ua.DataValueServerTimestamp
	}
	return &out
}

func (c *conn) browse(q *ua.BrowseRequest) ua.Response {
	switch {
	case len(q.NodesToBrowse) == 0:
		return fault(ua.StatusBadNothingToDo)
	case len(q.NodesToBrowse) > maxBrowse:
		return fault(ua.StatusBadTooManyOperations)
	}
	f := c.s.Faults()
	var out []*ua.BrowseResult
	for _, b := range q.NodesToBrowse {
		n := c.s.space.nodes[b.NodeID.String()]
		if n == nil {
			out = append(out, &ua.BrowseResult{StatusCode: ua.StatusBadNodeIDUnknown, References: []*ua.ReferenceDescription{}})
			continue
		}
		wanted := uint32(0)
		if b.ReferenceTypeID != nil && b.ReferenceTypeID.Namespace() == 0 {
			wanted = b.ReferenceTypeID.IntID()
		}
		list := []*ua.ReferenceDescription{}
		for _, r := range n.refs {
			forward := b.BrowseDirection != ua.BrowseDirectionInverse && r.forward || b.BrowseDirection != ua.BrowseDirectionForward && !r.forward
			if forward && above(wanted, b.IncludeSubtypes || wanted == 0, r.typ) && (b.NodeClassMask == 0 || b.NodeClassMask&uint32(r.to.class) != 0) &&
				!(r.to.machine != "" && names(f.Missing, r.to.machine)) {
				list = append(list, &ua.ReferenceDescription{ReferenceTypeID: ua.NewNumericNodeID(0, r.typ), IsForward: r.forward, NodeID: ua.NewExpandedNodeID(r.to.id, "", 0),
					BrowseName: &ua.QualifiedName{NamespaceIndex: r.to.id.Namespace(), Name: r.to.name}, DisplayName: ua.NewLocalizedText(r.to.name), NodeClass: r.to.class,
					TypeDefinition: ua.NewNumericExpandedNodeID(0, r.to.typ)})
			}
		}
		page := len(list)
		if q.RequestedMaxReferencesPerNode > 0 {
			page = int(min(uint32(page), q.RequestedMaxReferencesPerNode))
		}
		out = append(out, c.page(list, page))
	}
	return &ua.BrowseResponse{ResponseHeader: good(), Results: out, DiagnosticInfos: []*ua.DiagnosticInfo{}}
}

// page gives the first of a list, and a continuation point for the rest.
func (c *conn) page(list []*ua.ReferenceDescription, size int) *ua.BrowseResult {
	if len(list) <= size || size == 0 {
		return &ua.BrowseResult{References: list}
	}
	if len(c.resume) == maxResumptions {
		return &ua.BrowseResult{StatusCode: ua.StatusBadNoContinuationPoints, References: []*ua.ReferenceDescription{}}
	}
	point := make([]byte, 8)
	rand.Read(point)
	c.resume[string(point)] = resumption{list[size:], size}
	return &ua.BrowseResult{ContinuationPoint: point, References: list[:size]}
}

func (c *conn) browseNext(q *ua.BrowseNextRequest) ua.Response {
	out := []*ua.BrowseResult{}
	for _, p := range q.ContinuationPoints {
		r, ok := c.resume[string(p)]
		delete(c.resume, string(p))
		switch {
		case !ok:
			out = append(out, &ua.BrowseResult{StatusCode: ua.StatusBadContinuationPointInvalid, References: []*ua.ReferenceDescription{}})
		case q.ReleaseContinuationPoints:
			out = append(out, &ua.BrowseResult{References: []*ua.ReferenceDescription{}})
		default:
			out = append(out, c.page(r.rest, r.page))
		}
	}
	return &ua.BrowseNextResponse{ResponseHeader: good(), Results: out, DiagnosticInfos: []*ua.DiagnosticInfo{}}
}
