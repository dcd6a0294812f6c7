package sim

// Work is what a till does at a moment, as a display shows it.
type Work string

// What tills do.
const (
	WorkWaiting  Work = "waits for a shopper"
	WorkScanning Work = "scans"
	WorkPaying   Work = "takes the money"
	WorkVoiding  Work = "voids a basket"
	WorkPausing  Work = "puts a basket aside"
	WorkResuming Work = "takes a basket up"
	WorkDead     Work = "is dead"
	WorkDone     Work = "is closed"
)
