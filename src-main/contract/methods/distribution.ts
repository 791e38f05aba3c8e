/** Parameters of a method that takes a sparsity and shares it out over layers as the experiment says. */
export const distribution = ['sparsity', 'layerDistribution', 'firstLayer', 'lastLayer'] as const
