package sparkplug

import "jingwei/internal/telemetry"

// Properties are what the host reads of a metric's property set.
type Properties struct {
	Quality    int32
	HasQuality bool
	Unit       []byte // engUnit; nil where there is none
}

// maxProperties bounds how far a property set is read.
const maxProperties = 64

// ReadProperties reads a property set: two lists, of names and of values, side by side.
func ReadProperties(b []byte) (Properties, error) {
	var p Properties
	quality, unit, keys := -1, -1, 0
	f := fields{b: b}
	for f.next() { // the names come before the values, or after them
		if f.num != 1 {
			f.skip()
			continue
		}
		switch name := f.bytes(); string(name) {
		case "Quality":
			quality = keys
		case "engUnit", "EngUnit", "Engineering Units":
			unit = keys
		}
		if keys++; keys > maxProperties {
			return p, nil
		}
	}
	if f.bad {
		return p, errWire
	}
	if quality < 0 && unit < 0 {
		return p, nil
	}
	f = fields{b: b}
	for at := 0; f.next(); {
		if f.num != 2 {
			f.skip()
			continue
		}
		v := fields{b: f.bytes()}
		for (at == quality || at == unit) && v.next() {
			switch {
			case at == quality && (v.num == 3 || v.num == 4):
				p.Quality, p.HasQuality = int32(uint32(v.varint())), true
			case at == unit && v.num == 8:
				p.Unit = v.bytes()
			default:
				v.skip()
			}
		}
		if v.bad {
			return Properties{}, errWire
		}
		at++
	}
	if f.bad {
		return Properties{}, errWire
	}
	return p, nil
}

// StatusOf turns a Quality into a status. The specification has 0 (bad), 192 (good) and 500 (stale); edge nodes that pass on
// OPC classic qualities send its byte, whose two highest bits are bad, uncertain and good.
func StatusOf(quality int32) telemetry.Status {
	switch {
	case quality == 192:
		return telemetry.Good
	case quality == 500:
		return telemetry.UncertainLastUsable
	case quality < 0:
		return telemetry.Bad
	case quality > 255:
		return telemetry.Uncertain
	case quality&0xC0 == 0xC0:
		return telemetry.Good
	case quality&0xC0 == 0x40:
		return telemetry.Uncertain
	}
	return telemetry.Bad
}
