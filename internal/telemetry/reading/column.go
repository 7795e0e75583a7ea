package reading

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/shown"
)

// exportColumn is a column of an export.
type exportColumn string

// The columns, in the order in which they stand where none are asked for.
const (
	colSeries      exportColumn = "series"
	colName        exportColumn = "name"
	colTime        exportColumn = "time"
	colGatewayTime exportColumn = "gatewayTime"
	colValue       exportColumn = "value"
	colStatus      exportColumn = "status"
	colStatusName  exportColumn = "statusName"
	colFlags       exportColumn = "flags"
	colOrigin      exportColumn = "origin"
	colRevision    exportColumn = "revision"
	colCommit      exportColumn = "commit"
	colSuperseded  exportColumn = "superseded" // with history only, unless asked for
)

var exportColumns = []exportColumn{colSeries, colName, colTime, colGatewayTime, colValue, colStatus, colStatusName, colFlags, colOrigin, colRevision, colCommit, colSuperseded}

// columnsOf reads a list of columns. Error: ErrColumn.
func columnsOf(list string, history bool) ([]exportColumn, error) {
	if list == "" {
		if history {
			return exportColumns, nil
		}
		return exportColumns[:len(exportColumns)-1], nil
	}
	var out []exportColumn
	for name := range strings.SplitSeq(list, ",") {
		c := exportColumn(strings.TrimSpace(name))
		if !slices.Contains(exportColumns, c) || slices.Contains(out, c) {
			all := make([]string, len(exportColumns))
			for i, c := range exportColumns {
				all[i] = string(c)
			}
			return nil, ErrColumn.At("query.columns", string(c)).With("columns", strings.Join(all, ", "))
		}
		out = append(out, c)
	}
	return out, nil
}

// scanned is what of the store's columns these need. The value column needs flags, which tell where there is none.
func scanned(columns []exportColumn) telemetry.Columns {
	want := telemetry.WithStatus
	for _, c := range columns {
		switch c {
		case colGatewayTime, colOrigin, colRevision, colCommit, colSuperseded:
			return telemetry.Everything
		}
	}
	return want
}

// appendFlags writes the names of flags, a space between them.
func appendFlags(b []byte, f telemetry.Flags) []byte {
	first := true
	for _, x := range flagNames {
		if f&x.flag != 0 {
			if !first {
				b = append(b, ' ')
			}
			b = append(b, x.name...)
			first = false
		}
	}
	return b
}

func originName(o uint32) string {
	if name := originNames[telemetry.Origin(o)]; name != "" {
		return name
	}
	return "unknown"
}

// appendNumber writes a value of any type but string as text: shortest digits that read back to the same bits; NaN,
// Infinity and -Infinity by name.
func appendNumber(b []byte, t telemetry.Type, bits uint64) []byte {
	switch t {
	case telemetry.Int64:
		return strconv.AppendInt(b, int64(bits), 10)
	case telemetry.Bool:
		return strconv.AppendBool(b, bits != 0)
	}
	switch f := math.Float64frombits(bits); {
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	default:
		return shown.AppendFloat(b, f)
	}
}

func appendInstant(b []byte, ns int64) []byte {
	return time.Unix(0, ns).UTC().AppendFormat(b, time.RFC3339Nano)
}

// statusNames remembers the wording of codes, of which an export meets few.
type statusNames map[uint32]string

func (n statusNames) of(code uint32) string {
	name, ok := n[code]
	if !ok {
		name = shown.StatusName(telemetry.Status(code))
		if len(n) < 1<<16 {
			n[code] = name
		}
	}
	return name
}
