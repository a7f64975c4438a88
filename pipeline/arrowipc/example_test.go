package arrowipc_test

import (
	"fmt"

	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

func Example() {
	message, err := arrowipc.EncodeNumbers(nil, []string{"delay", "distance"}, [][]float64{{4, -2, 15}, {1400, 760, 2475}})
	if err != nil {
		fmt.Println(err)
		return
	}
	decoder := arrowipc.NewDecoder(arrowipc.Projection{Numbers: []string{"distance", "delay"}}, arrowipc.DefaultLimits())
	batches, err := decoder.Decode(message)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, b := range batches {
		fmt.Println(b.Rows, "rows:", b.Numbers[0].Values, b.Numbers[1].Values)
	}
	_, err = decoder.Decode(message[:len(message)/2])
	fmt.Println(err)
	// Output:
	// 3 rows: [1400 760 2475] [4 -2 15]
	// framing at byte 184: metadata of 184 bytes where 24 are left: the message is cut off
}
