package sim

import "context"

// redelivered is how many events the HQ of in was sent, in this life of its
// program, although it had them. A try at the edge is no proof of that: many a
// one never left the shop.
func redelivered(ctx context.Context, in *Installation) (int64, error) {
	hq := NewHQClient(in.Store().HQURL, in.Store().HQToken)
	defer hq.Close()
	return hq.Duplicates(ctx)
}
