package lint

import (
	"errors"

	"jingwei/internal/connect/driver"
	"jingwei/internal/plant/template"
)

// Judge returns what a driver says of one point, for a room below the drivers (plant's import). A driver that is not
// there judges nothing: the point may belong to a source, whose addresses are names.
func Judge(o Options) func(driver string, p template.Point) []template.Fault {
	return func(name string, p template.Point) []template.Fault {
		d, ok := o.Drivers[name]
		if !ok {
			return nil
		}
		t := &template.Template{Driver: name, Points: []template.Point{p}}
		for _, err := range d.Check(linkOf(d, t), pointsOf(t)) {
			var f *driver.FieldError
			if errors.As(err, &f) {
				return []template.Fault{{Field: f.Field, Value: f.Value, Text: f.Text}}
			}
		}
		return nil
	}
}
