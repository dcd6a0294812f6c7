package wiretest

import "testing"

func TestHistories(t *testing.T) {
	t.Parallel()
	Histories(t, referencePlug)
}

func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	PlantedBugsAreCaught(t, referencePlug)
}
