#include "heap.h"
#include "network.h"

/* Puts images order[first] … into the lanes, standardised by table; lanes beyond `count` become 0. */
SHARED void load_batch(const Network *network, int first, int count) {
  int area = network->height * network->width;
  int imageBytes = network->channels * area;
  int vectors = (count + vectorLanes - 1) / vectorLanes;
  for (int vector = 0; vector < vectors; vector++) {
    const unsigned char *image[vectorLanes];
    int present = count - vector * vectorLanes;
    if (present > vectorLanes) present = vectorLanes;
    for (int lane = 0; lane < vectorLanes; lane++) {
      int index = AT(int, network->order)[first + vector * vectorLanes + (lane < present ? lane : 0)];
      image[lane] = AT(unsigned char, network->pixels) + (unsigned long)index * imageBytes;
    }
    for (int channel = 0; channel < network->channels; channel++) {
      const float *table = AT(float, network->tables) + channel * 256;
      int to = network->input.base + vector * network->input.slice + channel * network->input.channel;
      for (int row = 0; row < network->height; row++) {
        for (int column = 0; column < network->width; column++) {
          float *lanes = AT(float, to + row * network->input.row + column * network->input.position);
          int pixel = channel * area + row * network->width + column;
          for (int lane = 0; lane < vectorLanes; lane++) lanes[lane] = table[image[lane][pixel]];
          for (int lane = present; lane < vectorLanes; lane++) lanes[lane] = 0.0f;
        }
      }
    }
  }
}
