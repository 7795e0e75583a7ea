package reading

import (
	"io"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"jingwei/internal/telemetry"
)

// arrowFile writes samples as an Arrow IPC stream. Only end writes the stream's end marker, so that a reader tells a
// stream that was cut from a whole one.
//
// Series, names and origins are dictionaries that are complete from the first batch; statusName is one that grows (delta
// dictionaries). Values stand in the column `value` of the series' type; where the series asked for are of several types
// there is one column of each type, named valueFloat64, valueInt64, valueBool and valueString, of which a row fills one.
type arrowFile struct {
	w      *ipc.Writer
	schema *arrow.Schema
	fields []arrowField
	rows   int
	text   int // bytes of texts in the batch
	at     int // of the series that is written
	typ    telemetry.Type

	names      statusNames
	numberOf   map[string]int32 // of a status name in its dictionary
	statusDict []string
}

// arrowField is a column being built.
type arrowField struct {
	column exportColumn
	typ    telemetry.Type // of a value column
	build  array.Builder
	dict   arrow.Array // of a dictionary that is complete; build builds its indices then
}

// Bounds of a batch.
const (
	arrowRows = 8 << 10
	arrowText = 4 << 20 // bytes
)

var arrowInstant = &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}

var arrowValues = []struct {
	typ  telemetry.Type
	name string
	data arrow.DataType
}{
	{telemetry.Float64, "valueFloat64", arrow.PrimitiveTypes.Float64}, {telemetry.Int64, "valueInt64", arrow.PrimitiveTypes.Int64},
	{telemetry.Bool, "valueBool", arrow.FixedWidthTypes.Boolean}, {telemetry.String, "valueString", arrow.BinaryTypes.String},
}

// originDict holds the names of the origins by number.
var originDict = func() []string {
	out := []string{"unknown"}
	for o := telemetry.Measured; o <= telemetry.Computed; o++ {
		out = append(out, originNames[o])
	}
	return out
}()

func dictOf(index arrow.DataType) *arrow.DictionaryType {
	return &arrow.DictionaryType{IndexType: index, ValueType: arrow.BinaryTypes.String}
}

func stringArray(list []string) arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.AppendValues(list, nil)
	return b.NewStringArray()
}

func newArrow(w io.Writer, columns []exportColumn, all []exported) *arrowFile {
	f := &arrowFile{at: -1, names: statusNames{}, numberOf: map[string]int32{}}
	ids, names := make([]string, len(all)), make([]string, len(all))
	types := map[telemetry.Type]bool{}
	for i, x := range all {
		ids[i], names[i] = x.id.String(), x.name
		types[x.typ] = true
	}
	mem := memory.DefaultAllocator
	var fields []arrow.Field
	add := func(name string, c exportColumn, data arrow.DataType, nullable bool) {
		fields = append(fields, arrow.Field{Name: name, Type: data, Nullable: nullable})
		f.fields = append(f.fields, arrowField{column: c, build: array.NewBuilder(mem, data)})
	}
	coded := func(c exportColumn, index arrow.DataType, words []string) {
		fields = append(fields, arrow.Field{Name: string(c), Type: dictOf(index)})
		x := arrowField{column: c, build: array.NewBuilder(mem, index)}
		if words != nil {
			x.dict = stringArray(words)
		}
		f.fields = append(f.fields, x)
	}
	for _, c := range columns {
		switch c {
		case colSeries:
			coded(c, arrow.PrimitiveTypes.Int16, ids)
		case colName:
			coded(c, arrow.PrimitiveTypes.Int16, names)
		case colTime, colGatewayTime:
			add(string(c), c, arrowInstant, false)
		case colValue:
			for _, v := range arrowValues {
				if !types[v.typ] {
					continue
				}
				name := v.name
				if len(types) == 1 {
					name = string(colValue)
				}
				add(name, c, v.data, true)
				f.fields[len(f.fields)-1].typ = v.typ
			}
		case colStatus, colRevision:
			add(string(c), c, arrow.PrimitiveTypes.Uint32, false)
		case colStatusName:
			coded(c, arrow.PrimitiveTypes.Int32, nil)
		case colFlags:
			add(string(c), c, arrow.PrimitiveTypes.Uint16, false)
		case colOrigin:
			coded(c, arrow.PrimitiveTypes.Int8, originDict)
		case colCommit:
			add(string(c), c, arrow.PrimitiveTypes.Uint64, false)
		case colSuperseded:
			add(string(c), c, arrow.FixedWidthTypes.Boolean, false)
		}
	}
	f.schema = arrow.NewSchema(fields, nil)
	f.w = ipc.NewWriter(w, ipc.WithSchema(f.schema), ipc.WithDictionaryDeltas(true))
	return f
}

func (f *arrowFile) begin(x exported) error {
	f.at++
	f.typ = x.typ
	return nil
}

func (f *arrowFile) run(r *telemetry.Run) error {
	for i := 0; i < r.Len(); {
		j := min(i+arrowRows-f.rows, r.Len())
		if r.Type == telemetry.String && f.has(colValue) {
			for k := i; k < j; k++ {
				if f.text += len(r.Text[k]); f.text >= arrowText {
					j = k + 1
				}
			}
		}
		for k := range f.fields {
			f.column(&f.fields[k], r, i, j)
		}
		f.rows += j - i
		i = j
		if f.rows >= arrowRows || f.text >= arrowText {
			if err := f.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *arrowFile) has(c exportColumn) bool {
	for i := range f.fields {
		if f.fields[i].column == c {
			return true
		}
	}
	return false
}

// column appends rows i to j of a run.
func (f *arrowFile) column(x *arrowField, r *telemetry.Run, i, j int) {
	switch b := x.build.(type) {
	case *array.Int16Builder: // series and name
		for range j - i {
			b.Append(int16(f.at))
		}
	case *array.Int8Builder: // origin
		for _, o := range r.Origin[i:j] {
			if int(o) >= len(originDict) {
				o = 0
			}
			b.Append(int8(o))
		}
	case *array.Int32Builder: // statusName
		for _, code := range r.Status[i:j] {
			b.Append(f.statusNumber(code))
		}
	case *array.TimestampBuilder:
		from := r.Time
		if x.column == colGatewayTime {
			from = r.Gateway
		}
		for _, t := range from[i:j] {
			b.Append(arrow.Timestamp(t))
		}
	case *array.Uint32Builder:
		from := r.Status
		if x.column == colRevision {
			from = r.Revision
		}
		b.AppendValues(from[i:j], nil)
	case *array.Uint16Builder: // flags
		for _, w := range r.Flags[i:j] {
			b.Append(uint16(w))
		}
	case *array.Uint64Builder: // commit
		for _, n := range r.Commit[i:j] {
			b.Append(uint64(n))
		}
	case *array.BooleanBuilder:
		if x.column == colSuperseded {
			for k := i; k < j; k++ {
				b.Append(r.Superseded != nil && r.Superseded[k])
			}
			return
		}
		f.values(x, r, i, j, func(k int) { b.Append(r.Bits[k] != 0) })
	case *array.Float64Builder:
		f.values(x, r, i, j, func(k int) { b.Append(math.Float64frombits(r.Bits[k])) })
	case *array.Int64Builder:
		f.values(x, r, i, j, func(k int) { b.Append(int64(r.Bits[k])) })
	case *array.StringBuilder:
		f.values(x, r, i, j, func(k int) { b.Append(r.Text[k]) })
	}
}

// values appends values of the column's type and null for all others.
func (f *arrowFile) values(x *arrowField, r *telemetry.Run, i, j int, add func(int)) {
	for k := i; k < j; k++ {
		if x.typ != r.Type || telemetry.Flags(r.Flags[k])&telemetry.NoValue != 0 {
			x.build.AppendNull()
		} else {
			add(k)
		}
	}
}

// statusNumber is the place of a code's name in the dictionary.
func (f *arrowFile) statusNumber(code uint32) int32 {
	name := f.names.of(code)
	n, ok := f.numberOf[name]
	if !ok {
		n = int32(len(f.statusDict))
		f.numberOf[name] = n
		f.statusDict = append(f.statusDict, name)
	}
	return n
}

// flush writes a batch.
func (f *arrowFile) flush() error {
	columns := make([]arrow.Array, len(f.fields))
	for i := range f.fields {
		x := &f.fields[i]
		columns[i] = x.build.NewArray()
		if t, coded := f.schema.Field(i).Type.(*arrow.DictionaryType); coded {
			words := x.dict
			if words == nil {
				words = stringArray(f.statusDict)
			}
			columns[i] = array.NewDictionaryArray(t, columns[i], words)
		}
	}
	batch := array.NewRecordBatch(f.schema, columns, int64(f.rows))
	f.rows, f.text = 0, 0
	return f.w.Write(batch)
}

func (f *arrowFile) end() error {
	if f.rows > 0 {
		if err := f.flush(); err != nil {
			return err
		}
	}
	return f.w.Close() // writes the schema too where there were no rows
}
