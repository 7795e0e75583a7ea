package opcua

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	wire "jingwei/internal/connect/driver/opcua"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Machine is one simulated machine: its name, which is the unit in the addresses of its template's points, and what it
// replays.
type Machine struct {
	Name string
	replay.Part
}

// Namespaces: 0 is OPC UA's, 1 the server's own, then those of the templates' addresses.
const (
	coreURI = "http://opcfoundation.org/UA/"
	ownURI  = "urn:jingwei:sim:server"
)

// node is one node of the address space. Nothing of it changes after the start; values are functions of the time.
type node struct {
	id      *ua.NodeID
	name    string
	about   string
	class   ua.NodeClass
	typ     uint32 // type definition, in namespace 0
	data    uint32 // data type, in namespace 0
	rank    int32  // value rank
	refs    []reference
	value   func(now time.Time) *ua.DataValue
	machine string // name of the machine's node that faults are told by: "Turbine1.TIT"
}

type reference struct {
	typ     uint32
	forward bool
	to      *node
}

// space is the whole address space.
type space struct {
	namespaces []string
	nodes      map[string]*node
	machines   int
	variables  int
}

func (s *space) add(parent *node, ref uint32, n *node) *node {
	s.nodes[n.id.String()] = n
	if parent != nil {
		parent.refs = append(parent.refs, reference{ref, true, n})
		n.refs = append(n.refs, reference{ref, false, parent})
	}
	return n
}

func object(ns uint16, num uint32, name string, typ uint32) *node {
	return &node{id: ua.NewNumericNodeID(ns, num), name: name, class: ua.NodeClassObject, typ: typ}
}

// constant is a variable whose value is told with the time of asking.
func constant(num uint32, name string, data uint32, rank int32, value func(now time.Time) any) *node {
	return &node{id: ua.NewNumericNodeID(0, num), name: name, class: ua.NodeClassVariable, typ: id.BaseDataVariableType, data: data, rank: rank,
		value: func(now time.Time) *ua.DataValue { return dataValue(value(now), 0, now, now) }}
}

func dataValue(v any, status ua.StatusCode, source, server time.Time) *ua.DataValue {
	d := &ua.DataValue{EncodingMask: ua.DataValueSourceTimestamp | ua.DataValueServerTimestamp, SourceTimestamp: source, ServerTimestamp: server}
	if v != nil {
		d.Value, d.EncodingMask = ua.MustVariant(v), d.EncodingMask|ua.DataValueValue
	}
	if status != 0 {
		d.Status, d.EncodingMask = status, d.EncodingMask|ua.DataValueStatusCode
	}
	return d
}

// newSpace builds the folders of the machines and the few nodes of namespace 0 that clients look at.
func newSpace(o *Options, library *replay.Library, started time.Time) (*space, error) {
	s := &space{namespaces: []string{coreURI, ownURI}, nodes: map[string]*node{}}
	root := s.add(nil, 0, object(0, id.RootFolder, "Root", id.FolderType))
	objects := s.add(root, id.Organizes, object(0, id.ObjectsFolder, "Objects", id.FolderType))
	s.add(root, id.Organizes, object(0, id.TypesFolder, "Types", id.FolderType))
	s.add(root, id.Organizes, object(0, id.ViewsFolder, "Views", id.FolderType))
	server := s.add(objects, id.Organizes, object(0, id.Server, "Server", id.ServerType))
	property := func(parent *node, num uint32, name string, data uint32, rank int32, value func(time.Time) any) {
		n := constant(num, name, data, rank, value)
		n.typ = id.PropertyType
		s.add(parent, id.HasProperty, n)
	}
	property(server, id.Server_ServerArray, "ServerArray", id.String, 1, func(time.Time) any { return []string{ownURI} })
	property(server, id.Server_NamespaceArray, "NamespaceArray", id.String, 1, func(time.Time) any { return s.namespaces })
	property(server, id.Server_ServiceLevel, "ServiceLevel", id.Byte, -1, func(time.Time) any { return byte(255) })
	status := s.add(server, id.HasComponent, constant(id.Server_ServerStatus, "ServerStatus", id.ServerStatusDataType, -1, func(now time.Time) any {
		return ua.NewExtensionObject(&ua.ServerStatusDataType{StartTime: started, CurrentTime: now, State: ua.ServerStateRunning,
			BuildInfo: &ua.BuildInfo{ProductURI: "urn:jingwei:sim", ManufacturerName: "Jingwei", ProductName: "Jingwei OPC UA simulator"}, ShutdownReason: &ua.LocalizedText{}})
	}))
	s.add(status, id.HasComponent, constant(id.Server_ServerStatus_StartTime, "StartTime", id.UtcTime, -1, func(time.Time) any { return started }))
	s.add(status, id.HasComponent, constant(id.Server_ServerStatus_CurrentTime, "CurrentTime", id.UtcTime, -1, func(now time.Time) any { return now }))
	s.add(status, id.HasComponent, constant(id.Server_ServerStatus_State, "State", id.ServerState, -1, func(time.Time) any { return int32(ua.ServerStateRunning) }))
	capable := s.add(server, id.HasComponent, object(0, id.Server_ServerCapabilities, "ServerCapabilities", id.ServerCapabilitiesType))
	limits := s.add(capable, id.HasComponent, object(0, id.Server_ServerCapabilities_OperationLimits, "OperationLimits", id.OperationLimitsType))
	for num, l := range map[uint32]struct {
		name string
		n    uint32
	}{
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead:          {"MaxNodesPerRead", o.MaxNodesPerRead},
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse:        {"MaxNodesPerBrowse", maxBrowse},
		id.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall: {"MaxMonitoredItemsPerCall", o.MaxItemsPerCall},
	} {
		property(limits, num, l.name, id.UInt32, -1, func(time.Time) any { return l.n })
	}
	for _, m := range o.Machines {
		if err := s.addMachine(objects, m, library, o.Epoch); err != nil {
			return nil, err
		}
	}
	for _, n := range s.nodes { // so that a client sees the same order each time
		slices.SortStableFunc(n.refs, func(a, b reference) int { return strings.Compare(a.to.name, b.to.name) })
	}
	return s, nil
}

func (s *space) addMachine(objects *node, m Machine, library *replay.Library, epoch time.Time) error {
	if m.Name == "" {
		return fmt.Errorf("a machine has no name")
	}
	player, err := library.Open(m.Part, epoch)
	if err != nil {
		return fmt.Errorf("machine %s: %w", m.Name, err)
	}
	var folder *node
	for i := range m.Template.Points {
		p := &m.Template.Points[i]
		bad := func(err error) error { return fmt.Errorf("machine %s, point %s: %w", m.Name, p.Key, err) }
		a, err := wire.ParseAddress(p.Address)
		if err == nil {
			a, err = a.At(m.Name)
		}
		if err != nil {
			return bad(err)
		}
		if a.URI == "" || a.Index >= 0 {
			return bad(fmt.Errorf("address %q: a simulated point has its namespace by URI (nsu=…) and is no element of an array", p.Address))
		}
		if !slices.Contains(s.namespaces, a.URI) {
			s.namespaces = append(s.namespaces, a.URI)
		}
		nid, ok := a.Node(s.namespaces)
		if !ok || s.nodes[nid.String()] != nil {
			return bad(fmt.Errorf("address %q: there is another point at %v", p.Address, nid))
		}
		if folder == nil {
			folder = s.add(objects, id.Organizes, &node{id: ua.NewStringNodeID(nid.Namespace(), m.Name), name: m.Name, about: m.Template.Name.En,
				class: ua.NodeClassObject, typ: id.FolderType, machine: m.Name})
		}
		data, encode, err := encoding(p)
		if err != nil {
			return bad(err)
		}
		browse := a.ID[strings.LastIndexByte(a.ID, '.')+1:]
		n := s.add(folder, id.HasComponent, &node{id: nid, name: browse, about: p.Name.En, class: ua.NodeClassVariable, typ: id.BaseDataVariableType, data: data, rank: -1,
			machine: m.Name + "." + browse,
			value: func(now time.Time) *ua.DataValue {
				at := player.At(now)
				v := player.Value(i, at)
				shown := epoch.Add(now.Sub(epoch).Truncate(player.Step()))
				if v.Type == 0 {
					return dataValue(nil, ua.StatusBadWaitingForInitialData, shown, now)
				}
				return dataValue(encode(v), 0, shown, now)
			}})
		if p.Unit != "" {
			unit := &ua.EUInformation{NamespaceURI: "http://unitsofmeasure.org", UnitID: -1, DisplayName: ua.NewLocalizedText(p.Unit), Description: ua.NewLocalizedText(p.Unit)}
			s.add(n, id.HasProperty, &node{id: ua.NewStringNodeID(nid.Namespace(), a.ID+".EngineeringUnits"), name: "EngineeringUnits", class: ua.NodeClassVariable,
				typ: id.PropertyType, data: id.EUInformation, rank: -1,
				value: func(now time.Time) *ua.DataValue { return dataValue(ua.NewExtensionObject(unit), 0, now, now) }})
		}
		s.variables++
		// Every row is shown once, so that a value that does not fit is told at the start.
		for row := range player.Rows() {
			if v := player.Value(i, replay.Place{Row: row}); v.Type != 0 && encode(v) == nil {
				return bad(fmt.Errorf("row %d: the value does not fit %s", row+1, p.Encoding))
			}
		}
	}
	s.machines++
	return nil
}

// encoding is how a point's value stands in the server: the data type, and the value in it (nil where it does not fit).
func encoding(p *template.Point) (uint32, func(telemetry.Value) any, error) {
	scale := p.Scale
	if scale == 0 {
		scale = 1
	}
	number := func(v telemetry.Value) float64 {
		x := math.Float64frombits(v.Bits)
		if v.Type == telemetry.Int64 {
			x = float64(int64(v.Bits))
		}
		return (x - p.Offset) / scale
	}
	integer := func(lo, hi float64, make func(float64) any) func(telemetry.Value) any {
		return func(v telemetry.Value) any {
			x := math.Round(number(v))
			if x < lo || x > hi {
				return nil
			}
			return make(x)
		}
	}
	name := p.Encoding
	if name == "" {
		name = map[telemetry.Type]string{telemetry.Float64: "Double", telemetry.Int64: "Int64", telemetry.Bool: "Boolean", telemetry.String: "String"}[p.Type.Telemetry()]
	}
	typ := p.Type.Telemetry()
	switch {
	case name == "Boolean" && typ == telemetry.Bool:
		return id.Boolean, func(v telemetry.Value) any { return v.Bits != 0 }, nil
	case name == "String" && typ == telemetry.String:
		return id.String, func(v telemetry.Value) any { return v.Text }, nil
	case typ == telemetry.Bool || typ == telemetry.String:
	case name == "Double":
		return id.Double, func(v telemetry.Value) any { return number(v) }, nil
	case name == "Float":
		return id.Float, func(v telemetry.Value) any { return float32(number(v)) }, nil
	case name == "Int16":
		return id.Int16, integer(math.MinInt16, math.MaxInt16, func(x float64) any { return int16(x) }), nil
	case name == "UInt16":
		return id.UInt16, integer(0, math.MaxUint16, func(x float64) any { return uint16(x) }), nil
	case name == "Int32":
		return id.Int32, integer(math.MinInt32, math.MaxInt32, func(x float64) any { return int32(x) }), nil
	case name == "UInt32":
		return id.UInt32, integer(0, math.MaxUint32, func(x float64) any { return uint32(x) }), nil
	case name == "Int64":
		return id.Int64, integer(-1<<62, 1<<62, func(x float64) any { return int64(x) }), nil
	}
	return 0, nil, fmt.Errorf("encoding %q of a %s is not simulated", p.Encoding, p.Type)
}

// above tells whether a reference type is the wanted one or, where subtypes count, below it.
func above(wanted uint32, subtypes bool, t uint32) bool {
	parents := map[uint32]uint32{id.Organizes: id.HierarchicalReferences, id.HasComponent: id.Aggregates, id.HasProperty: id.Aggregates, id.Aggregates: id.HasChild,
		id.HasChild: id.HierarchicalReferences, id.HierarchicalReferences: id.References}
	for ; t != 0; t = parents[t] {
		if t == wanted {
			return true
		}
		if !subtypes {
			return false
		}
	}
	return wanted == 0
}

// attribute reads one attribute of a node.
func (n *node) attribute(a ua.AttributeID, now time.Time) *ua.DataValue {
	var v any
	variable := n.class == ua.NodeClassVariable
	switch {
	case a == ua.AttributeIDNodeID:
		v = n.id
	case a == ua.AttributeIDNodeClass:
		v = int32(n.class)
	case a == ua.AttributeIDBrowseName:
		v = &ua.QualifiedName{NamespaceIndex: n.id.Namespace(), Name: n.name}
	case a == ua.AttributeIDDisplayName:
		v = ua.NewLocalizedText(n.name)
	case a == ua.AttributeIDDescription:
		v = ua.NewLocalizedText(n.about)
	case a == ua.AttributeIDWriteMask, a == ua.AttributeIDUserWriteMask:
		v = uint32(0)
	case a == ua.AttributeIDEventNotifier && !variable:
		v = byte(0)
	case !variable:
	case a == ua.AttributeIDValue:
		return n.value(now)
	case a == ua.AttributeIDDataType:
		v = ua.NewNumericNodeID(0, n.data)
	case a == ua.AttributeIDValueRank:
		v = n.rank
	case a == ua.AttributeIDAccessLevel, a == ua.AttributeIDUserAccessLevel:
		v = byte(ua.AccessLevelTypeCurrentRead)
	case a == ua.AttributeIDMinimumSamplingInterval:
		v = float64(minSampling) / float64(time.Millisecond)
	case a == ua.AttributeIDHistorizing:
		v = false
	}
	if v == nil {
		return refusal(ua.StatusBadAttributeIDInvalid)
	}
	d := dataValue(v, 0, now, now)
	d.EncodingMask &^= ua.DataValueSourceTimestamp | ua.DataValueServerTimestamp
	return d
}

func refusal(s ua.StatusCode) *ua.DataValue {
	return &ua.DataValue{EncodingMask: ua.DataValueStatusCode, Status: s}
}

// read answers for one attribute of one node.
func (s *Server) read(n *node, r attributeOf, f *Faults, now time.Time) value {
	if n == nil || n.machine != "" && names(f.Missing, n.machine) {
		return refusal(ua.StatusBadNodeIDUnknown)
	}
	if r.indexed {
		return refusal(ua.StatusBadIndexRangeNoData) // there are no arrays among the machines' values
	}
	d := n.attribute(r.attribute, now)
	if r.attribute == ua.AttributeIDValue {
		d = f.apply(n.machine, now.Sub(s.started), d)
	}
	return d
}
