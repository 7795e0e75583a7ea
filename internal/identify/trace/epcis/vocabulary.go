package epcis

import (
	"slices"
	"strings"
)

// Namespaces of GS1.
const (
	spaceCBV   = "https://ref.gs1.org/cbv/"
	spaceVoc   = "https://ref.gs1.org/voc/"
	spaceEPCIS = "https://ref.gs1.org/epcis/"
)

// Vocabulary is one list of words of CBV 2.0 (section 7). A word stands bare, as a CURIE (cbv:BizStep-shipping), as a URI of
// the Web vocabulary or, from CBV 1.2, as a URN; all are one value, held as the URI.
type Vocabulary struct {
	base  string // of the full URI
	urn   string // of the old form, "" where there was none
	words []string
}

func words(s string) []string {
	list := strings.Fields(s)
	slices.Sort(list)
	return list
}

// The vocabularies. Terms of CBV 2.0.1 are among them.
var (
	Steps = Vocabulary{spaceCBV + "BizStep-", "urn:epcglobal:cbv:bizstep:", words(`accepting arriving assembling collecting commissioning
		consigning creating_class_instance cycle_counting decommissioning departing destroying disassembling dispensing encoding
		entering_exiting holding inspecting installing killing loading other packing picking receiving removing repackaging repairing
		replacing reserving retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting
		unloading unpacking void_shipping`)}
	Dispositions = Vocabulary{spaceCBV + "Disp-", "urn:epcglobal:cbv:disp:", words(`active available completeness_inferred
		completeness_verified conformant container_closed container_open damaged destroyed dispensed disposed encoded expired in_progress
		in_transit inactive mismatch_class mismatch_instance mismatch_quantity needs_replacement no_pedigree_match non_conformant
		non_sellable_other partially_dispensed recalled reserved retail_sold returned sellable_accessible sellable_not_accessible stolen
		unavailable unknown`)}
	TransactionTypes = Vocabulary{spaceCBV + "BTT-", "urn:epcglobal:cbv:btt:", words(`bol cert desadv inv pedigree po poc prodorder recadv
		rma testprd testres upevt`)}
	PartyTypes   = Vocabulary{spaceCBV + "SDT-", "urn:epcglobal:cbv:sdt:", words(`location owning_party possessing_party`)}
	ErrorReasons = Vocabulary{spaceCBV + "ER-", "urn:epcglobal:cbv:er:", words(`did_not_occur incorrect_data`)}
	Components   = Vocabulary{spaceCBV + "Comp-", "", words(`altitude axial_distance azimuth easting elevation_angle geocoordinate height
		latitude longitude northing polar_angle spherical_radius x y z`)}
	Alarms       = Vocabulary{spaceVoc, "", words(`ALARM_CONDITION ERROR_CONDITION`)}
	Measurements = Vocabulary{spaceVoc, "", words(`AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Activity Altitude
		AmountOfSubstance AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance
		Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity ElectricCharge
		ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force Frequency Illuminance Inductance Irradiance
		KinematicViscosity Length LinearMomentum Luminance LuminousFlux LuminousIntensity MagneticFlux MagneticFluxDensity
		MagneticVectorPotential Mass MassConcentration MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass
		MolarVolume Power Pressure RadiantFlux RadiantIntensity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume Speed
		SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction VolumetricFlux Wavenumber`)}
)

// Words lists the vocabulary, sorted.
func (v *Vocabulary) Words() []string { return slices.Clone(v.words) }

// URI is the full URI of a word.
func (v *Vocabulary) URI(word string) string { return v.base + word }

// Short is the bare word of a URI of this vocabulary, or the URI itself.
func (v *Vocabulary) Short(uri string) string {
	if word, ok := strings.CutPrefix(uri, v.base); ok && v.has(word) {
		return word
	}
	return uri
}

func (v *Vocabulary) has(word string) bool {
	_, ok := slices.BinarySearch(v.words, word)
	return ok
}

// Resolve finds the full URI of a word in any of its forms; ok is false for a word that the vocabulary does not have. expand
// resolves CURIEs; nil knows only GS1's own prefixes.
func (v *Vocabulary) Resolve(s string, expand func(string) string) (uri string, ok bool) {
	if !strings.Contains(s, ":") {
		return v.base + s, v.has(s)
	}
	if v.urn != "" {
		if word, old := strings.CutPrefix(s, v.urn); old {
			return v.base + word, v.has(word)
		}
	}
	if expand == nil {
		expand = wellKnown.expand
	}
	s = expand(s)
	for _, other := range []string{"https://gs1.org/voc/", "http://gs1.org/voc/", "https://www.gs1.org/voc/"} {
		if word, old := strings.CutPrefix(s, other); old {
			s = spaceVoc + word
		}
	}
	if word, ours := strings.CutPrefix(s, v.base); ours && v.base != spaceVoc {
		return s, v.has(word)
	}
	return s, absolute(s)
}

// absolute tells whether something looks like an absolute URI: a scheme, a colon, and no space or control character (RFC 3986,
// 4.3; other languages' letters pass, as in an IRI).
func absolute(s string) bool {
	i := strings.IndexByte(s, ':')
	if i < 1 || i == len(s)-1 || len(s) > maxURI {
		return false
	}
	for k := range i {
		c := s[k] | 0x20
		if !(c >= 'a' && c <= 'z' || k > 0 && (s[k] >= '0' && s[k] <= '9' || s[k] == '+' || s[k] == '-' || s[k] == '.')) {
			return false
		}
	}
	return !strings.ContainsFunc(s[i:], func(r rune) bool { return r <= ' ' || r == 0x7f || r == '<' || r == '>' || r == '"' || r == '\ufffd' })
}

// maxURI bounds identifiers, in bytes.
const maxURI = 1024
