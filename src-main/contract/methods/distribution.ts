/** The switches for a dense first and last layer. */
export const dense = ['firstLayer', 'lastLayer'] as const
/** Parameters of a method that takes a sparsity and shares it out over layers as the experiment says. */
export const distribution = ['sparsity', 'layerDistribution', ...dense] as const
