package mirror

import (
	"jingwei/internal/kernel/text"
)

// NameplateOf is the Digital Nameplate (IDTA 02006-3-0-1) as far as the machine's device template says who made it.
func NameplateOf(t *Thing) Object {
	var elements []Object
	if m := t.Template; m != nil {
		elements = []Object{
			maker("ManufacturerName", "0112/2///61987#ABA565#009", m.Maker),
			multi("ManufacturerProductDesignation", "0112/2///61987#ABA567#009", m.Name),
			word("ManufacturerProductType", "0112/2///61987#ABA300#008", m.Model),
		}
	}
	return submodel(t, Nameplate, "Nameplate", "https://admin-shell.io/idta/nameplate/3/0/Nameplate", "3", "0", "https://admin-shell.io/idta-02006-3-0", elements...)
}

// maker is a name in one language: nobody said which, and makers write theirs in Latin letters.
func maker(idShort, semantic, name string) Object {
	return multi(idShort, semantic, text.Text{En: name})
}

// word is a text property; nil where there is no text.
func word(idShort, semantic, value string) Object {
	if value == "" {
		return nil
	}
	return property(idShort, semantic, "xs:string", value)
}

// TechnicalDataOf is the Technical Data (IDTA 02003-2-0-1): who made the machine, its class of equipment, and what can be
// measured on it with which unit.
func TechnicalDataOf(t *Thing) Object {
	general := collection("GeneralInformation", "0173-1#02-ABK161#002/0173-1#01-AHX838#002")
	if m := t.Template; m != nil {
		general = collection("GeneralInformation", "0173-1#02-ABK161#002/0173-1#01-AHX838#002",
			word("ManufacturerName", "0173-1#02-AAO677#004", m.Maker),
			multi("ManufacturerProductDesignation", "0173-1#02-AAW338#003", m.Name))
	}
	elements := []Object{general}
	if c := t.Node.Class; c != "" {
		const each = "0173-1#02-ABK162#002/0173-1#01-AHX839#002"
		elements = append(elements, list("ProductClassifications", "0173-1#02-ABK162#002", each, element("SubmodelElementCollection", "", each, Object{"value": some([]Object{
			property("ClassificationSystem", "0173-1#02-ABL424#001", "xs:string", "Jingwei equipment classes"),
			property("ProductClassId", "0173-1#02-ABG776#003", "xs:string", c),
			multi("ProductClassName", "0173-1#02-ABK273#002", t.Class),
		})})))
	}
	if len(t.Points) > 0 {
		const each = "0173-1#02-ABL358#002/0173-1#01-AHX773#002"
		elements = append(elements, list("TechnicalPropertyAreas", "0173-1#02-ABK163#002", each, element("SubmodelElementCollection", "", each, Object{"value": []any{points(t)}})))
	}
	return submodel(t, TechnicalData, "TechnicalData", "0173-1#01-AHX837#002", "2", "0", "https://admin-shell.io/idta-02003-2-0", elements...)
}

const arbitrary = "https://admin-shell.io/SMT/General/Arbitrary"

// points is the section that says what can be measured.
func points(t *Thing) Object {
	names := pointNames(t.Points)
	var all []Object
	for i := range t.Points {
		p := &t.Points[i]
		all = append(all, collection(names[i], arbitrary,
			multi("Name", "", p.Name), word("Key", "", p.Key), word("Type", "", string(p.Type)), word("UnitUCUM", "", p.Unit)))
	}
	return collection("MeasuredQuantities", arbitrary, all...)
}

// CarbonOf is the Carbon Footprint (IDTA 02023-1-0-1): a list that is empty, for the plant model knows no footprints.
func CarbonOf(t *Thing) Object {
	const semantic = "https://admin-shell.io/idta/CarbonFootprint/"
	return submodel(t, Carbon, "CarbonFootprint", semantic+"CarbonFootprint/1/0", "1", "0", "https://admin-shell.io/IDTA 02023-1-0",
		list("ProductCarbonFootprints", semantic+"ProductCarbonFootprints/1/0", semantic+"ProductCarbonFootprint/1/0"))
}
