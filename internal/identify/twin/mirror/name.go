package mirror

import (
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/plant"
)

// Part is what of a thing a document tells.
type Part string

// The parts of a thing.
const (
	Shell         Part = "shell"
	Nameplate     Part = "nameplate"
	TechnicalData Part = "technical-data"
	Carbon        Part = "carbon-footprint"
	TimeSeries    Part = "time-series"
	Structure     Part = "structure"
)

// Submodels are the parts that are submodels.
var Submodels = []Part{Nameplate, TechnicalData, Carbon, TimeSeries, Structure}

// Of lists the submodels of a kind of thing, in their order: a machine is a product, what is above it is made of others.
func Of(kind plant.Kind) []Part {
	if kind == plant.Machine {
		return []Part{Nameplate, TechnicalData, Carbon, TimeSeries}
	}
	return []Part{Structure}
}

const scheme = "urn:jingwei:twin:"

// ID is the id of a thing's document.
func ID(thing uuid.UUID, part Part) string { return scheme + thing.String() + ":" + string(part) }

// ParseID reads what ID has written; ok is false for any other id.
func ParseID(id string) (thing uuid.UUID, part Part, ok bool) {
	rest, ok := strings.CutPrefix(id, scheme)
	if !ok || len(rest) < 38 {
		return uuid.Nil, "", false
	}
	thing, err := uuid.Parse(rest[:36])
	part = Part(rest[37:])
	known := part == Shell
	for _, p := range Submodels {
		known = known || p == part
	}
	if err != nil || !known || ID(thing, part) != id {
		return uuid.Nil, "", false
	}
	return thing, part, true
}

// AssetID is the global asset id of a thing of the plant.
func AssetID(thing uuid.UUID) string { return "urn:uuid:" + thing.String() }

// ParseAssetID reads what AssetID has written.
func ParseAssetID(s string) (uuid.UUID, bool) {
	id, err := uuid.Parse(strings.TrimPrefix(s, "urn:uuid:"))
	if err != nil || AssetID(id) != s {
		return uuid.Nil, false
	}
	return id, true
}

// MachineID is the name of the specific asset id that holds the node's own id of a thing.
const MachineID = "machineId"

// SerialNumber is the name of the specific asset id that holds what stands on the nameplate.
const SerialNumber = "serialNumber"

// ParseShort finds the thing whose shell has an idShort.
func ParseShort(s string) (uuid.UUID, bool) {
	_, rest, ok := strings.Cut(s, "_")
	if !ok {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(strings.ReplaceAll(rest, "_", "-"))
	return id, err == nil
}
