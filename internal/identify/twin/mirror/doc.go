// Package mirror works shells and submodels out from the plant model, pure: values in, documents out. What the model does not
// know is absent; nothing is invented. The same values give the same bytes.
//
// Of a machine: Digital Nameplate 3.0.1, Technical Data 2.0.1, Carbon Footprint 1.0.1 (empty until somebody puts footprints
// beside) and Time Series Data 1.1.1. Of a site, area or line: Hierarchical Structures 1.1 (one level down).
package mirror
