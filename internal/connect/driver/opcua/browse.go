package opcua

import (
	"context"
	"fmt"
	"iter"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/opcua/channel"
)

// Browse lists the objects and variables below a node; "" is the folder Objects. Leaves are variables: what can be
// read. Where somebody stops early, the server is told to forget the rest.
func (s *session) Browse(ctx context.Context, node string) iter.Seq2[driver.Node, error] {
	return func(yield func(driver.Node, error) bool) {
		start := ua.NewNumericNodeID(0, id.ObjectsFolder)
		if node != "" {
			a, err := ParseAddress(node)
			if err != nil {
				yield(driver.Node{}, err)
				return
			}
			var ok bool
			if start, ok = a.Node(s.namespaces); !ok {
				yield(driver.Node{}, addressError(node, "服务器没有这个命名空间", "the server does not have this namespace"))
				return
			}
		}
		if err := s.browse(ctx, node, start, yield); err != nil {
			yield(driver.Node{}, explain(err, s.id))
		}
	}
}

func (s *session) browse(ctx context.Context, node string, start *ua.NodeID, yield func(driver.Node, error) bool) error {
	page := uint32(s.limits.browse)
	r, err := ask[*ua.BrowseResponse](ctx, s, &ua.BrowseRequest{
		View: &ua.ViewDescription{ViewID: ua.NewTwoByteNodeID(0)}, RequestedMaxReferencesPerNode: page,
		NodesToBrowse: []*ua.BrowseDescription{{NodeID: start, BrowseDirection: ua.BrowseDirectionForward,
			ReferenceTypeID: ua.NewNumericNodeID(0, id.HierarchicalReferences), IncludeSubtypes: true,
			NodeClassMask: uint32(ua.NodeClassObject | ua.NodeClassVariable), ResultMask: uint32(ua.BrowseResultMaskAll)}}})
	if err != nil {
		return err
	}
	results := r.Results
	seen := map[string]bool{}
	for {
		if len(results) != 1 || results[0] == nil {
			return fmt.Errorf("%w: %d results for one node", channel.ErrProtocol, len(results))
		}
		got := results[0]
		if got.StatusCode&0x80000000 != 0 {
			return &driver.FieldError{Field: "node", Value: node, Err: got.StatusCode, Text: driver.Text{
				Zh: "服务器不能浏览该节点：" + StatusName(got.StatusCode), En: "the server cannot browse this node: " + StatusName(got.StatusCode)}}
		}
		nodes, err := s.nodes(ctx, got.References)
		if err != nil {
			return err
		}
		for _, n := range nodes {
			if seen[n.Address] {
				continue // reached by two references
			}
			seen[n.Address] = true
			if !yield(n, nil) {
				if len(got.ContinuationPoint) > 0 {
					_, err := ask[*ua.BrowseNextResponse](ctx, s, &ua.BrowseNextRequest{ReleaseContinuationPoints: true, ContinuationPoints: [][]byte{got.ContinuationPoint}})
					s.note(false, fmt.Sprintf("released: %v", err))
				}
				return nil
			}
		}
		if len(got.ContinuationPoint) == 0 {
			return nil
		}
		more, err := ask[*ua.BrowseNextResponse](ctx, s, &ua.BrowseNextRequest{ContinuationPoints: [][]byte{got.ContinuationPoint}})
		if err != nil {
			return err
		}
		results = more.Results
	}
}

// nodes turns references into nodes, with the types of the variables among them.
func (s *session) nodes(ctx context.Context, refs []*ua.ReferenceDescription) ([]driver.Node, error) {
	var out []driver.Node
	var asked []*ua.ReadValueID
	var of []int // index in out of each pair of attributes asked for
	for _, r := range refs {
		if r == nil || r.NodeID == nil || r.NodeID.NodeID == nil || r.NodeID.ServerIndex != 0 {
			continue // a node of another server
		}
		target := ua.NewNodeIDFromExpandedNodeID(r.NodeID)
		a, ok := addressOf(target, s.namespaces)
		if r.NodeID.NamespaceURI != "" {
			a.URI, a.Namespace = r.NodeID.NamespaceURI, 0
			target, ok = a.Node(s.namespaces)
		}
		if !ok {
			continue
		}
		n := driver.Node{Address: a.String(), Leaf: r.NodeClass == ua.NodeClassVariable}
		if r.DisplayName != nil {
			n.Name = r.DisplayName.Text
		}
		if n.Name == "" && r.BrowseName != nil {
			n.Name = r.BrowseName.Name
		}
		if n.Leaf {
			of = append(of, len(out))
			for _, attr := range []ua.AttributeID{ua.AttributeIDDataType, ua.AttributeIDUserAccessLevel} {
				asked = append(asked, &ua.ReadValueID{NodeID: target, AttributeID: attr, DataEncoding: &ua.QualifiedName{}})
			}
		}
		out = append(out, n)
	}
	if len(asked) == 0 {
		return out, nil
	}
	got, err := s.read(ctx, asked, ua.TimestampsToReturnNeither)
	if err != nil {
		return nil, err
	}
	for k, i := range of {
		if t, ok := valueOf(got[2*k]).(*ua.NodeID); ok {
			out[i].Encoding = dataType(t)
		}
		if level, ok := valueOf(got[2*k+1]).(uint8); ok {
			out[i].Writable = ua.AccessLevelType(level)&ua.AccessLevelTypeCurrentWrite != 0
		}
	}
	return out, nil
}

// dataType names a data type where it is a built-in one, or one of a few that are ways of writing one; "" else.
func dataType(t *ua.NodeID) string {
	if t.Namespace() != 0 {
		return ""
	}
	switch n := t.IntID(); n {
	case id.Duration:
		return "Double"
	case id.UtcTime:
		return "DateTime"
	case id.Enumeration, id.ServerState:
		return "Int32"
	case id.Structure:
		return "ExtensionObject"
	default:
		if n > 0 && int(n) < len(typeNames) {
			return typeNames[n]
		}
	}
	return ""
}
